/* All ways in which a function of one parameter takes and gives a value, with a value of zeroes. */
template <class T> static p1b_status any(p1b_status (*f)(p1b_host *, T, T *)) {
    T in = T(), out = T();
    return f(&host, in, &out);
}
template <class T> static p1b_status any(p1b_status (*f)(p1b_host *, const T *, T *)) {
    T in = T(), out = T();
    return f(&host, &in, &out);
}
template <class T> static p1b_status any(p1b_status (*f)(p1b_host *, T, T *, p1b_held *)) {
    T in = T(), out = T();
    p1b_held held = {0, 0, 0};
    p1b_status status = f(&host, in, &out, &held);
    p1b_status done = p1b_done(&host, &held);
    return status ? status : done;
}
template <class T> static p1b_status any(p1b_status (*f)(p1b_host *, const T *, T *, p1b_held *)) {
    T in = T(), out = T();
    p1b_held held = {0, 0, 0};
    p1b_status status = f(&host, &in, &out, &held);
    p1b_status done = p1b_done(&host, &held);
    return status ? status : done;
}
