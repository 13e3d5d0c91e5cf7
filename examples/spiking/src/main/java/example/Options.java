package example;

import java.nio.file.Path;

/**
 * What the command line asks for.
 *
 * @param samples of the training set, from its beginning
 * @param threads 0 for one a core
 */
record Options(Path data, int epochs, int samples, long seed, int threads, Path out) {
  static Options parse(String... args) {
    Options o =
        new Options(
            Path.of("/usr/share/datasets/fashion-mnist"), 8, 60_000, 0, 0, Path.of("report"));
    for (int i = 0; i + 1 < args.length; i += 2) {
      o = o.with(args[i], args[i + 1]);
    }
    if (args.length % 2 != 0) {
      throw new IllegalArgumentException(args[args.length - 1] + " has no value");
    }
    return o;
  }

  private Options with(String flag, String value) {
    return switch (flag) {
      case "--data" -> new Options(Path.of(value), epochs, samples, seed, threads, out);
      case "--epochs" -> new Options(data, number(value), samples, seed, threads, out);
      case "--samples" -> new Options(data, epochs, number(value), seed, threads, out);
      case "--seed" -> new Options(data, epochs, samples, Long.parseLong(value), threads, out);
      case "--threads" -> new Options(data, epochs, samples, seed, Integer.parseInt(value), out);
      case "--out" -> new Options(data, epochs, samples, seed, threads, Path.of(value));
      default -> throw new IllegalArgumentException("unknown flag " + flag);
    };
  }

  private static int number(String value) {
    int n = Integer.parseInt(value);
    if (n < 1) {
      throw new IllegalArgumentException(value + " is not at least 1");
    }
    return n;
  }
}
