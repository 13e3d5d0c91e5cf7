package dev.nacelle;

/** How A and B begin; {@code --init} of the command line. */
public enum AdapterBeginning {
  /** A random, B zero. */
  DEFAULT,
  /** The largest singular vectors of the weight, which then lacks them. */
  PISSA,
  /** The first columns and rows of the weight's QR decomposition, which it then lacks. */
  OLORA
}
