package dev.nacelle.file.pull;

import java.net.URI;
import java.nio.charset.StandardCharsets;

/** Where a hub keeps what, and which address belongs to it. */
record HubAddresses(URI endpoint) {
  /** The description of a revision: its commit and its files' names. */
  URI listing(HubName name) {
    return URI.create(
        endpoint + "/api/models/" + name.id() + "/revision/" + escape(name.revision(), false));
  }

  /** A file's content. */
  URI content(HubName name, String revision, String file) {
    return URI.create(
        endpoint
            + "/"
            + name.id()
            + "/resolve/"
            + escape(revision, false)
            + "/"
            + escape(file, true));
  }

  /** Whether an address has the hub's scheme, host and port: the token goes nowhere else. */
  boolean isOurs(URI address) {
    return endpoint.getScheme().equalsIgnoreCase(address.getScheme())
        && address.getHost() != null
        && endpoint.getHost().equalsIgnoreCase(address.getHost())
        && port(endpoint) == port(address);
  }

  private static int port(URI address) {
    if (address.getPort() >= 0) {
      return address.getPort();
    }
    return "https".equalsIgnoreCase(address.getScheme()) ? 443 : 80;
  }

  /** An address fit for a message: redirected ones carry signatures behind the question mark. */
  static String shown(URI address) {
    String port = address.getPort() < 0 ? "" : ":" + address.getPort();
    return address.getScheme() + "://" + address.getHost() + port + address.getRawPath();
  }

  /** Percent escapes for a part of a path; a revision's slash is escaped, a file's divides. */
  private static String escape(String text, boolean keepSlash) {
    StringBuilder out = new StringBuilder();
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      char c = (char) (b & 0xff);
      boolean plain =
          (c >= 'a' && c <= 'z')
              || (c >= 'A' && c <= 'Z')
              || (c >= '0' && c <= '9')
              || "-._~".indexOf(c) >= 0
              || (keepSlash && c == '/');
      if (plain) {
        out.append(c);
      } else {
        out.append(String.format("%%%02X", b & 0xff));
      }
    }
    return out.toString();
  }
}
