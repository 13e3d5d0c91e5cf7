package dev.nacelle.report;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.adapter.RouterUse;
import java.util.List;

/**
 * What the routers did in a step: means over the layers each step, and in the first ten steps and
 * every tenth one each layer by itself, since there may be some hundred of them.
 */
final class RouterJson {
  private static final int ALL_LAYERS_EVERY = 10;

  /** Digits behind the point of what each layer says. */
  private static final double DIGITS = 1e5;

  private RouterJson() {}

  static ObjectNode of(long step, List<RouterUse> routers) {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    node.put("entropy", evenness(routers));
    node.put("entropy_nats", routers.stream().mapToDouble(RouterUse::entropy).average().orElse(0));
    node.put("margin", margin(routers));
    node.put("top_usage", topUsage(routers));
    node.put("balance", routers.stream().mapToDouble(RouterUse::balance).average().orElse(0));
    if (tellsLayers(step)) {
      ObjectNode layers = node.putObject("layers");
      routers.forEach(use -> layers.set(use.modulePath(), layer(use)));
    }
    return node;
  }

  /** Whether a step tells of each layer by itself, in the log and to TensorBoard. */
  static boolean tellsLayers(long step) {
    return step <= ALL_LAYERS_EVERY || step % ALL_LAYERS_EVERY == 0;
  }

  /** Mean entropy over ln E. */
  static double evenness(List<RouterUse> routers) {
    return routers.stream().mapToDouble(RouterUse::evenness).average().orElse(0);
  }

  /** Mean of the largest weight less the second. */
  static double margin(List<RouterUse> routers) {
    return routers.stream().mapToDouble(RouterUse::margin).average().orElse(0);
  }

  /** The share of the most used head of all layers. */
  static double topUsage(List<RouterUse> routers) {
    return routers.stream().mapToDouble(use -> use.usage()[use.topHead()]).max().orElse(0);
  }

  private static ObjectNode layer(RouterUse use) {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    node.put("entropy", rounded(use.evenness()));
    node.put("entropy_nats", rounded(use.entropy()));
    ArrayNode usage = node.putArray("usage");
    for (double share : use.usage()) {
      usage.add(rounded(share));
    }
    return node.put("margin", rounded(use.margin()));
  }

  private static double rounded(double value) {
    return Math.round(value * DIGITS) / DIGITS;
  }
}
