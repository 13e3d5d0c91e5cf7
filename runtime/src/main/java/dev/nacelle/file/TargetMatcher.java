package dev.nacelle.file;

import dev.nacelle.NacelleException;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/** Which modules an adapter's configuration means, by PEFT's rules. */
final class TargetMatcher {
  /** PEFT reads the first numbered part of a path as the layer. */
  private static final Pattern LAYER = Pattern.compile(".*?\\.[^.]*\\.(\\d{1,9})\\.");

  private final Path file;
  private final AdapterConfig config;
  private final @Nullable BoundedPattern pattern;

  TargetMatcher(Path file, AdapterConfig config) {
    this.file = file;
    this.config = config;
    this.pattern = compile(file, config.targetPattern());
  }

  private static @Nullable BoundedPattern compile(Path file, @Nullable String text) {
    if (text == null) {
      return null;
    }
    try {
      return new BoundedPattern(text);
    } catch (PatternSyntaxException e) {
      throw new NacelleException(
          NacelleException.Kind.INPUT,
          Quoted.path(file)
              + ": target_modules is "
              + Quoted.name(text)
              + ", no regular expression that we read",
          "write target_modules as a list of module names",
          e);
    }
  }

  /** Whether the module carries a pair. */
  boolean means(String path) {
    if (endsWithAny(path, config.excluded())) {
      return false;
    }
    if (pattern != null) {
      try {
        return pattern.matches(path);
      } catch (BoundedPattern.RunawayException e) {
        throw new NacelleException(
            NacelleException.Kind.INPUT,
            Quoted.path(file) + ": the regular expression in target_modules takes too long",
            "write target_modules as a list of module names",
            e);
      }
    }
    if (config.targets().isEmpty()) {
      return !path.equals("lm_head") && meansLayer(path);
    }
    // A whole path holds in every layer.
    return config.targets().contains(path)
        || (endsWithAny(path, config.targets()) && meansLayer(path));
  }

  private boolean meansLayer(String path) {
    if (config.layers().isEmpty()) {
      return true;
    }
    Matcher layer = LAYER.matcher(path);
    return layer.lookingAt() && config.layers().contains(Integer.parseInt(layer.group(1)));
  }

  private static boolean endsWithAny(String path, List<String> names) {
    for (String name : names) {
      if (path.equals(name) || path.endsWith("." + name)) {
        return true;
      }
    }
    return false;
  }
}
