/** The version of Parley as a whole. */
export const VERSION = '0.1.0';
