package dev.nacelle.cli;

import dev.nacelle.Nacelle;
import picocli.CommandLine.IVersionProvider;

/** The version that {@code --version} prints and adapters and reports carry. */
public final class Version implements IVersionProvider {
  public static final String VERSION = Nacelle.VERSION;

  static final String LINE = "nacelle " + VERSION;

  @Override
  public String[] getVersion() {
    return new String[] {LINE};
  }
}
