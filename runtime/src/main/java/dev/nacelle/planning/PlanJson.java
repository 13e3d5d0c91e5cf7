package dev.nacelle.planning;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.memory.Strategy;
import java.util.Locale;

/** A plan as JSON, the same from {@code plan}, {@code --dry-run} and in report.json. */
public final class PlanJson {
  private PlanJson() {}

  public static ObjectNode of(MemoryPlan plan) {
    ObjectNode root = JsonNodeFactory.instance.objectNode();
    root.put("fits", plan.fits());
    Long budget = plan.budget();
    if (budget != null) {
      root.put("budget_bytes", budget);
    }
    root.put("peak_bytes", plan.peakBytes());
    root.put("minimum_bytes", plan.minimumBytes());
    ObjectNode classes = root.putObject("classes");
    plan.classes().forEach(classes::put);
    root.set("strategy", strategy(plan.chosen().strategy()));
    ArrayNode timeline = root.putArray("timeline");
    for (MemoryPlan.Phase phase : plan.timeline()) {
      timeline.addObject().put("phase", phase.phase()).put("peak_bytes", phase.peakBytes());
    }
    root.put("step_seconds", plan.chosen().stepSeconds());
    root.put("tokens_per_second", plan.tokensPerSecond());
    root.put("confidence", plan.confidence());
    ArrayNode others = root.putArray("others");
    for (Choice other : plan.others()) {
      ObjectNode one = others.addObject();
      one.put("peak_bytes", other.peakBytes()).put("step_seconds", other.stepSeconds());
      one.set("strategy", strategy(other.strategy()));
    }
    if (!plan.ways().isEmpty()) {
      ArrayNode ways = root.putArray("ways");
      for (MemoryPlan.Way way : plan.ways()) {
        ways.addObject().put("change", way.change()).put("minimum_bytes", way.minimumBytes());
      }
    }
    return root;
  }

  private static ObjectNode strategy(Strategy strategy) {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    node.put("words", StrategyWords.of(strategy)).put("exact", strategy.isExact());
    if (strategy.microBatch() == Integer.MAX_VALUE) {
      node.putNull("micro_batch");
    } else {
      node.put("micro_batch", strategy.microBatch());
    }
    node.put("recompute", word(strategy.recompute()));
    node.put("recomputed_blocks", strategy.recomputedBlocks());
    node.put("segment_blocks", strategy.segmentBlocks());
    node.put("head_rows", strategy.headRows());
    node.put("saved_bits", strategy.savedBits()).put("moment_bits", strategy.momentBits());
    node.put("weights", word(strategy.weights())).put("spill", word(strategy.spill()));
    return node.put("update_in_backward", strategy.updateInBackward());
  }

  private static String word(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }
}
