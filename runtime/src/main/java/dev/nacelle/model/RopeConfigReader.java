package dev.nacelle.model;

import com.fasterxml.jackson.databind.JsonNode;
import dev.nacelle.NacelleException;
import dev.nacelle.file.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Rotary settings of a config.json. Version 4 has {@code rope_theta} and {@code rope_scaling} at
 * the top, version 5 one {@code rope_parameters}; where a file has both, {@code rope_scaling}
 * holds, and a theta inside it comes before the one at the top, as in transformers.
 */
final class RopeConfigReader {
  /** Beyond it fp32 frequencies mean nothing; real files stay far below. */
  private static final double LARGEST = 1e12;

  private static final Set<String> EVERYWHERE =
      Set.of("rope_type", "type", "rope_theta", "partial_rotary_factor");

  private final JsonObject config;
  private final @Nullable JsonObject parameters;
  private final double defaultTheta;
  private final boolean isPhi;
  private final int context;
  private final int headDim;

  /**
   * @param defaultTheta what the family assumes where the file is silent
   */
  RopeConfigReader(
      JsonObject config, double defaultTheta, Family family, int context, int headDim) {
    this.config = config;
    this.defaultTheta = defaultTheta;
    this.isPhi = family.equals(Phi3Family.FAMILY);
    this.context = context;
    this.headDim = headDim;
    JsonObject scaling = config.object("rope_scaling");
    boolean scaled = scaling != null && !scaling.node().isEmpty();
    JsonObject newer = config.object("rope_parameters");
    // A family with two kinds of blocks has settings for each; the other kind is read by its rules.
    JsonObject full = newer == null ? null : newer.object("full_attention");
    boolean both = newer != null && newer.node().has("sliding_attention");
    this.parameters = scaled ? scaling : both ? full : newer;
  }

  double theta() {
    double top = config.positive("rope_theta", defaultTheta);
    double theta = parameters == null ? top : parameters.positive("rope_theta", top);
    if (theta <= 1 || theta > LARGEST) {
      throw config.error("rope_theta", "is " + theta + ", outside 1 to " + LARGEST);
    }
    return theta;
  }

  RopeScaling scaling() {
    if (parameters == null) {
      return new RopeScaling.Default();
    }
    JsonObject p = parameters;
    if (p.number("partial_rotary_factor", 1) != 1) {
      throw p.refusal("partial_rotary_factor", "rotary positions cover the whole head");
    }
    String newName = p.string("rope_type");
    String oldName = p.string("type");
    String type = newName != null ? newName : oldName != null ? oldName : "default";
    return switch (isPhi ? phiType(type) : type.toLowerCase(Locale.ROOT)) {
      case "longrope" -> longRope(p);
      case "default" -> {
        refuseUnknown(p, Set.of());
        yield new RopeScaling.Default();
      }
      case "linear" -> {
        refuseUnknown(p, Set.of("factor"));
        yield new RopeScaling.Linear(factor(p));
      }
      case "dynamic" -> {
        refuseUnknown(p, Set.of("factor", "original_max_position_embeddings"));
        if (headDim <= 2) {
          throw p.error("rope_type", "dynamic needs a head_dim above 2, it is " + headDim);
        }
        yield new RopeScaling.Dynamic(factor(p));
      }
      case "llama3" -> llama3(p);
      case "yarn" -> yarn(p);
      default ->
          throw p.refusal(
              newName != null ? "rope_type" : "type",
              "rotary scalings read so far: default, linear, dynamic, llama3, yarn, longrope");
    };
  }

  /** Phi's older names for the one scaling that it has; others mean nothing there. */
  private static String phiType(String type) {
    return switch (type.toLowerCase(Locale.ROOT)) {
      case "default" -> "default";
      case "longrope", "su", "yarn" -> "longrope";
      default -> "none of Phi's";
    };
  }

  private RopeScaling longRope(JsonObject p) {
    refuseUnknown(
        p,
        Set.of(
            "short_factor",
            "long_factor",
            "factor",
            "attention_factor",
            "original_max_position_embeddings"));
    return new RopeScaling.LongRope(
        factors(p, "short_factor"),
        factors(p, "long_factor"),
        originalContext(p),
        p.has("factor") ? (Double) factor(p) : null,
        p.has("attention_factor") ? (Double) positive(p, "attention_factor") : null);
  }

  /** D/2 numbers above zero. */
  private List<Float> factors(JsonObject p, String key) {
    JsonNode list = p.node().get(key);
    if (list == null || list.isNull()) {
      throw p.error(key, "is missing");
    }
    if (!list.isArray() || list.size() != headDim / 2) {
      throw p.error(
          key, "is no list of " + headDim / 2 + " numbers, one for each pair of a head's elements");
    }
    List<Float> factors = new ArrayList<>();
    for (JsonNode factor : list) {
      float value = factor.isNumber() ? factor.floatValue() : Float.NaN;
      if (!(value > 0) || value > LARGEST) {
        throw p.error(key, "holds " + factor + ", and must hold numbers above 0");
      }
      factors.add(value);
    }
    return factors;
  }

  private RopeScaling llama3(JsonObject p) {
    refuseUnknown(
        p,
        Set.of(
            "factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings"));
    double low = positive(p, "low_freq_factor");
    double high = positive(p, "high_freq_factor");
    if (high <= low) {
      throw p.error("high_freq_factor", "is " + high + ", not above low_freq_factor " + low);
    }
    return new RopeScaling.Llama3(factor(p), low, high, originalContext(p));
  }

  private RopeScaling yarn(JsonObject p) {
    refuseUnknown(
        p,
        Set.of(
            "factor",
            "original_max_position_embeddings",
            "attention_factor",
            "beta_fast",
            "beta_slow",
            "mscale",
            "mscale_all_dim",
            "truncate"));
    // A null factor means the ratio of the contexts; transformers refuses a missing one.
    if (p.node().get("factor") == null) {
      throw p.error("factor", "is missing");
    }
    Double factor = p.has("factor") ? factor(p) : null;
    Double attention = p.has("attention_factor") ? p.number("attention_factor") : null;
    if (attention != null && (attention <= 0 || attention > LARGEST)) {
      throw p.error("attention_factor", "is " + attention + ", outside 0 to " + LARGEST);
    }
    double fast = orDefault(p, "beta_fast", 32);
    double slow = orDefault(p, "beta_slow", 1);
    if (fast < slow) {
      throw p.error("beta_fast", "is " + fast + ", below beta_slow " + slow);
    }
    return new RopeScaling.Yarn(
        factor,
        originalContext(p),
        attention,
        fast,
        slow,
        scale(p, "mscale"),
        scale(p, "mscale_all_dim"),
        p.bool("truncate", true));
  }

  private static @Nullable Double scale(JsonObject p, String key) {
    return p.has(key) ? (Double) orDefault(p, key, 0) : null;
  }

  private static double orDefault(JsonObject p, String key, double fallback) {
    double value = p.number(key, fallback);
    if (value < 0 || value > LARGEST) {
      throw p.error(key, "is " + value + ", outside 0 to " + LARGEST);
    }
    return value == 0 ? fallback : value;
  }

  private static double positive(JsonObject p, String key) {
    double value = p.number(key);
    if (!(value > 0) || value > LARGEST) {
      throw p.error(key, "is " + value + ", and must be above 0 and at most " + LARGEST);
    }
    return value;
  }

  private static double factor(JsonObject p) {
    return positive(p, "factor");
  }

  private long originalContext(JsonObject p) {
    // Where the key stands at the top, transformers lets that one hold.
    JsonObject from = config.has("original_max_position_embeddings") ? config : p;
    return from.integer("original_max_position_embeddings", context, 1, Integer.MAX_VALUE);
  }

  private static void refuseUnknown(JsonObject p, Set<String> known) {
    for (String key : p.keys()) {
      if (!EVERYWHERE.contains(key) && !known.contains(key) && p.has(key)) {
        NacelleException refusal =
            p.refusal(key, "remove the key if this rope_type does not read it");
        throw refusal;
      }
    }
  }
}
