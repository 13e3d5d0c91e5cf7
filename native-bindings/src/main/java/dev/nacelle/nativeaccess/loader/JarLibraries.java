package dev.nacelle.nativeaccess.loader;

import java.io.IOException;
import java.io.InputStream;
import java.net.JarURLConnection;
import java.net.URL;
import java.net.URLConnection;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/** The libraries of one bundle as they lie in the jars on the class path, not unpacked yet. */
record JarLibraries(Bundle bundle, List<Entry> entries) {

  /**
   * One library.
   *
   * @param stamp the jar's own checksum of it, or its date where it lies in a folder
   */
  record Entry(String name, URL url, long bytes, long stamp) {
    InputStream open() throws IOException {
      URLConnection connection = url.openConnection();
      connection.setUseCaches(false);
      return connection.getInputStream();
    }
  }

  /** Looks the bundle up; empty if the class path lacks its main library. */
  static Optional<JarLibraries> find(Bundle bundle, @Nullable ClassLoader loader)
      throws IOException {
    List<Entry> entries = new ArrayList<>();
    for (String name : bundle.libraries()) {
      String resource = bundle.resource(name);
      URL url =
          loader == null ? ClassLoader.getSystemResource(resource) : loader.getResource(resource);
      if (url != null) {
        entries.add(entry(name, url));
      }
    }
    boolean complete = entries.stream().anyMatch(e -> e.name().equals(bundle.main()));
    return complete
        ? Optional.of(new JarLibraries(bundle, List.copyOf(entries)))
        : Optional.empty();
  }

  private static Entry entry(String name, URL url) throws IOException {
    URLConnection connection = url.openConnection();
    connection.setUseCaches(false);
    if (connection instanceof JarURLConnection inJar) {
      try (JarFile jar = inJar.getJarFile()) {
        JarEntry entry = jar.getJarEntry(inJar.getEntryName());
        return new Entry(name, url, entry.getSize(), entry.getCrc());
      }
    }
    // Asking a file's size opens it.
    connection.getInputStream().close();
    return new Entry(name, url, connection.getContentLengthLong(), connection.getLastModified());
  }

  /** Bytes of all of them, unpacked. */
  long bytes() {
    return entries.stream().mapToLong(Entry::bytes).sum();
  }

  /** A folder name that another build of the libraries cannot have. */
  String folderName() {
    CRC32 crc = new CRC32();
    for (Entry e : entries) {
      crc.update(
          (e.name() + " " + e.bytes() + " " + e.stamp() + "\n").getBytes(StandardCharsets.UTF_8));
    }
    return bundle.label() + String.format(Locale.ROOT, "-%08x", crc.getValue());
  }
}
