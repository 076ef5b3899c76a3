// sockets get PORT PATH: an HTTP GET of 127.0.0.1, printed. sockets self: a listener, a connection to it, datagrams and
// options, all in this program. sockets refused PORT: a connection that nobody takes, blocking and not.
#include "layer.h"

WSI_HAS(net, "socket", has_socket)

static wsi_addr local(uint32_t port) {
    wsi_addr addr = {WSI_INET4, (uint16_t)port, 0, {127, 0, 0, 1}};
    return addr;
}

static int send(int fd, const char *bytes) {
    wsi_iov iov = {(void *)bytes, strlen(bytes)};
    return wsi_net_send(fd, &iov, 1, 0, NULL);
}

static int get(uint32_t port, const char *path) {
    static char buffer[512];
    wsi_addr server = local(port), name;
    int fd = wsi_net_socket(WSI_INET4, WSI_STREAM);
    if (fd < 0 || wsi_net_connect(fd, &server) < 0) return 1;
    printf("peer: %d\n", wsi_net_name(fd, 1, &name) == 0 && name.port == port && name.bytes[0] == 127);
    if (send(fd, "GET ") < 0 || send(fd, path) < 0 || send(fd, " HTTP/1.0\r\n\r\n") < 0) return 2;
    for (;;) {
        int n = read(fd, buffer, sizeof buffer);
        if (n <= 0) return n < 0 ? 3 : wsi_io_close(fd);
        write(1, buffer, (size_t)n);
    }
}

static void show(const char *what, int64_t result) { printf("%s: %ld\n", what, result); }

static int self(void) {
    char buffer[32];
    wsi_iov iov = {buffer, sizeof buffer};
    wsi_addr any = local(0), name, from;
    int listener = wsi_net_socket(WSI_INET4, WSI_STREAM), client = wsi_net_socket(WSI_INET4, WSI_STREAM);
    show("a family that is not there", wsi_net_socket(7, WSI_STREAM));
    show("a kind that is not there", wsi_net_socket(WSI_INET4, 9));
    show("bind", wsi_net_bind(listener, &any));
    show("listen", wsi_net_listen(listener, 4));
    show("name", wsi_net_name(listener, 0, &name));
    printf("a port: %d, family %d\n", name.port != 0, name.family);
    name.scope = 1, name.family = WSI_INET6;
    show("a scope", wsi_net_connect(client, &name));
    name.scope = 0, name.family = WSI_INET4;
    show("connect", wsi_net_connect(client, &name));
    wsi_sub sub = {listener, WSI_IN, 0, 0};
    show("poll", wsi_io_poll(&sub, 1, monotonic() + 5000000000ll));
    int served = wsi_net_accept(listener, 0, &from);
    printf("accept: %d, from %d.%d.%d.%d, as the client says: ", served > 0, from.bytes[0], from.bytes[1], from.bytes[2],
        from.bytes[3]);
    wsi_net_name(client, 0, &name);
    printf("%d\n", name.port == from.port);
    show("type", wsi_net_get_option(client, WSI_OPTION_TYPE));
    show("error", wsi_net_get_option(client, WSI_OPTION_ERROR));
    show("send", send(client, "over a stream"));
    show("recv", wsi_net_recv(served, &iov, 1, 0, NULL));
    printf("%c%c%c%c\n", buffer[0], buffer[1], buffer[2], buffer[3]);
    show("send with flags", wsi_net_send(client, &iov, 1, 1, NULL));
    show("nonblock", wsi_io_flags(served, WSI_NONBLOCK, WSI_NONBLOCK) & 31);
    show("recv nothing", wsi_net_recv(served, &iov, 1, 0, NULL));
    show("shutdown one", wsi_net_shutdown(client, WSI_SHUT_WRITE));
    show("shutdown what", wsi_net_shutdown(client, 9));
    show("shutdown", wsi_net_shutdown(client, WSI_SHUT_BOTH));
    show("close", wsi_io_close(client));
    show("close", wsi_io_close(served));
    show("close", wsi_io_close(listener));

    int one = wsi_net_socket(WSI_INET4, WSI_DGRAM), two = wsi_net_socket(WSI_INET4, WSI_DGRAM);
    wsi_net_bind(one, &any), wsi_net_bind(two, &any);
    wsi_net_name(two, 0, &name);
    wsi_iov datagram = {"a datagram", 10};
    show("send to", wsi_net_send(one, &datagram, 1, 0, &name));
    show("recv from", wsi_net_recv(two, &iov, 1, 0, &from));
    wsi_net_name(one, 0, &name);
    printf("from the sender: %d\n", from.port == name.port && from.bytes[3] == 1);
    show("type", wsi_net_get_option(one, WSI_OPTION_TYPE));
    show("set hops", wsi_net_set_option(one, WSI_OPTION_HOPS, 9));
    show("hops", wsi_net_get_option(one, WSI_OPTION_HOPS));
    show("an option that is not there", wsi_net_get_option(one, 99));
    static const struct {
        uint32_t option;
        int64_t value;
    } options[] = {
        {WSI_OPTION_REUSE, 1}, {WSI_OPTION_BROADCAST, 1}, {WSI_OPTION_RECV_TIMEOUT, 1500000000},
        {WSI_OPTION_SEND_TIMEOUT, 2000000000}, {WSI_OPTION_LINGER, 3000000000}, {WSI_OPTION_LINGER, 0},
        {WSI_OPTION_MULTICAST_HOPS, 4}, {WSI_OPTION_MULTICAST_LOOP, 0},
    };
    for (unsigned i = 0; i < sizeof options / sizeof *options; i++) {
        int set = wsi_net_set_option(one, options[i].option, options[i].value);
        printf("option %u: %d, %ld\n", options[i].option, set, wsi_net_get_option(one, options[i].option));
    }
    one = wsi_net_socket(WSI_INET4, WSI_STREAM);
    static const uint32_t of_streams[] = {WSI_OPTION_KEEP_ALIVE, WSI_OPTION_NO_DELAY};
    for (unsigned i = 0; i < 2; i++) {
        int set = wsi_net_set_option(one, of_streams[i], 1);
        printf("option %u: %d, %ld\n", of_streams[i], set, wsi_net_get_option(one, of_streams[i]));
    }
    show("set keep idle", wsi_net_set_option(one, WSI_OPTION_KEEP_IDLE, 1500000000));
    show("keep idle", wsi_net_get_option(one, WSI_OPTION_KEEP_IDLE));
    show("set keep count", wsi_net_set_option(one, WSI_OPTION_KEEP_COUNT, 3));
    show("a bad descriptor", wsi_net_listen(4321, 1));
    return 0;
}

static int refused(uint32_t port) {
    wsi_addr server = local(port);
    int fd = wsi_net_socket(WSI_INET4, WSI_STREAM);
    show("connect", wsi_net_connect(fd, &server));
    fd = wsi_net_socket(WSI_INET4, WSI_STREAM);
    wsi_io_flags(fd, WSI_NONBLOCK, WSI_NONBLOCK);
    int result = wsi_net_connect(fd, &server);
    // A host may know at once.
    if (result == -WSI_EINPROGRESS) {
        wsi_sub sub = {fd, WSI_OUT, 0, 0};
        wsi_io_poll(&sub, 1, monotonic() + 5000000000ll);
        result = -(int)wsi_net_get_option(fd, WSI_OPTION_ERROR);
    }
    show("nonblock", result);
    return 0;
}

int main(int argc, char **argv) {
    if (!has_socket()) {
        printf("no sockets: %d\n", wsi_net_socket(WSI_INET4, WSI_STREAM));
        return 0;
    }
    if (argc == 4) return get((uint32_t)atol(argv[2]), argv[3]);
    return argc == 3 ? refused((uint32_t)atol(argv[2])) : self();
}
