package dev.nacelle.planning;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * How this JVM was started, to start another one alike.
 *
 * @param java the program
 * @param flags all before the class path and the main class, without those that write files
 */
record JvmCommand(Path java, List<String> flags) {
  /** Reads {@code /proc/self/cmdline}; no flags where there is none. */
  static JvmCommand ofThis() {
    Path java = Path.of(System.getProperty("java.home"), "bin", "java");
    try {
      String line = Files.readString(Path.of("/proc/self/cmdline"), StandardCharsets.UTF_8);
      return new JvmCommand(java, flags(List.of(line.split("\0", -1))));
    } catch (IOException | RuntimeException e) {
      return new JvmCommand(java, List.of());
    }
  }

  /** The flags among the words of a command. */
  static List<String> flags(List<String> words) {
    List<String> flags = new ArrayList<>();
    for (int i = 1; i < words.size() && words.get(i).startsWith("-"); i++) {
      String word = words.get(i);
      switch (word) {
        case "-cp", "-classpath", "--class-path", "-p", "--module-path" -> i++;
        case "-jar" -> {
          return flags;
        }
        default -> {
          if (!word.startsWith("-agentlib:")
              && !word.startsWith("-javaagent:")
              && !word.startsWith("-XX:ArchiveClassesAtExit")
              && !word.startsWith("-Xlog:")) {
            flags.add(word);
          }
        }
      }
    }
    return flags;
  }

  /** What of the flags changes how much a process holds: not where its archive lies, nor -Xmx. */
  String identity() {
    StringBuilder identity = new StringBuilder();
    for (String flag : flags) {
      if (!flag.startsWith("-D")
          && !flag.startsWith("-Xmx")
          && !flag.startsWith("-XX:SharedArchiveFile")) {
        identity.append(flag).append(' ');
      }
    }
    return identity.toString().strip();
  }

  /** A command that starts a main class with this class path. */
  List<String> start(String main, List<String> arguments) {
    List<String> command = new ArrayList<>(List.of(java.toString()));
    command.addAll(flags);
    command.addAll(List.of("-Xlog:disable", "-cp", System.getProperty("java.class.path"), main));
    command.addAll(arguments);
    return command;
  }
}
