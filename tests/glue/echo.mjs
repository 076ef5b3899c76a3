// Functions of random types that give back what they get.

/** One of the host: a result of a function is thrown, or given without its tag. */
export const echo = ({ throws }) => (x) => {
  if (!throws) return x;
  if (x.tag === 'err') throw x.val;
  return x.val;
};

/** What a call of the guest gives, with the tag of a result. */
export const outcome = ({ throws }, ComponentError, call) => {
  if (!throws) return call();
  try {
    return { tag: 'ok', val: call() };
  } catch (error) {
    if (!(error instanceof ComponentError)) throw error;
    return { tag: 'err', val: error.payload };
  }
};
