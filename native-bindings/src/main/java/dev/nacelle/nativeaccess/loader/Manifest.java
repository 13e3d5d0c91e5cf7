package dev.nacelle.nativeaccess.loader;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * What an unpacked folder must hold: one line a file with name, bytes, time of last change and
 * SHA-256. Digesting 300 MB at every start would cost more than loading them, so a file is digested
 * when it was unpacked and whenever its time differs from the recorded one.
 */
record Manifest(List<Line> lines) {
  static final String FILE = "manifest.txt";
  private static final String HEADER = "nacelle native cache 1";

  record Line(String name, long bytes, long millis, String sha256) {}

  /** Describes files that were just written and digested. */
  static Line line(Path file, String sha256) throws IOException {
    BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
    return new Line(
        String.valueOf(file.getFileName()),
        attributes.size(),
        attributes.lastModifiedTime().toMillis(),
        sha256);
  }

  void write(Path folder) throws IOException {
    StringBuilder text = new StringBuilder(HEADER).append('\n');
    for (Line l : lines) {
      text.append(l.name).append(' ').append(l.bytes).append(' ').append(l.millis);
      text.append(' ').append(l.sha256).append('\n');
    }
    Files.writeString(folder.resolve(FILE), text);
  }

  /** Reads a folder's manifest; empty if there is none or it makes no sense. */
  static Optional<Manifest> read(Path folder) {
    try {
      List<String> text = Files.readAllLines(folder.resolve(FILE), StandardCharsets.UTF_8);
      if (text.isEmpty() || !text.get(0).equals(HEADER)) {
        return Optional.empty();
      }
      List<Line> lines = new ArrayList<>();
      for (String line : text.subList(1, text.size())) {
        String[] words = line.split(" ", -1);
        lines.add(new Line(words[0], Long.parseLong(words[1]), Long.parseLong(words[2]), words[3]));
      }
      return Optional.of(new Manifest(List.copyOf(lines)));
    } catch (IOException | NumberFormatException | ArrayIndexOutOfBoundsException e) {
      return Optional.empty();
    }
  }

  /** Says what is wrong with the folder's files; empty if nothing is. */
  Optional<String> fault(Path folder, List<String> expected) {
    if (!lines.stream().map(Line::name).toList().equals(expected)) {
      return Optional.of("the manifest lists other files");
    }
    for (Line line : lines) {
      Path file = folder.resolve(line.name);
      try {
        BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
        if (attributes.size() != line.bytes) {
          return Optional.of(
              line.name + " has " + attributes.size() + " bytes instead of " + line.bytes);
        }
        if (attributes.lastModifiedTime().toMillis() != line.millis) {
          if (!sha256(file).equals(line.sha256)) {
            return Optional.of(line.name + " has another digest than when it was unpacked");
          }
          Files.setLastModifiedTime(file, FileTime.fromMillis(line.millis));
        }
      } catch (IOException e) {
        return Optional.of(line.name + " cannot be read");
      }
    }
    return Optional.empty();
  }

  static MessageDigest digest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has SHA-256", e);
    }
  }

  private static String sha256(Path file) throws IOException {
    MessageDigest digest = digest();
    byte[] buffer = new byte[1 << 16];
    try (InputStream in = Files.newInputStream(file)) {
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        digest.update(buffer, 0, n);
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }
}
