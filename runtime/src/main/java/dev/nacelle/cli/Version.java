package dev.nacelle.cli;

import picocli.CommandLine.IVersionProvider;

/** The version that {@code --version} prints and adapters and reports carry. */
public final class Version implements IVersionProvider {
  public static final String VERSION = "0.1.0";

  static final String LINE = "nacelle " + VERSION;

  @Override
  public String[] getVersion() {
    return new String[] {LINE};
  }
}
