package dev.nacelle.planning;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a process holds beside tensors, the kernels' scratch and mapped model files, in bytes, as
 * measured on this machine with this JVM and its flags.
 *
 * @param load the most while files are read and tokenizers made, for a vocabulary of {@link
 *     #SMALL_VOCABULARY}
 * @param run the most from the first step on, reports included
 * @param loadPerToken what each further token of the vocabulary adds to {@code load}
 * @param runPerToken the same for {@code run}
 * @param perThread what each further thread of the kernels adds
 * @param kinds {@code run} by kind: heap, code, archives, libraries, stacks, native
 */
public record ProcessCost(
    long load,
    long run,
    double loadPerToken,
    double runPerToken,
    long perThread,
    Map<String, Long> kinds) {
  /** The vocabulary that the numbers without slope are for. */
  public static final int SMALL_VOCABULARY = 1_000;

  /** Two runs of the same differ by up to so much: compiled code, freed memory, pages of files. */
  static final long SLACK = 5L << 20;

  /**
   * The same for each token of a vocabulary: how much its strings leave in the heap depends on when
   * they are collected, and a scored vocabulary has more merges than the measured one.
   */
  static final int SLACK_PER_TOKEN = 32;

  public ProcessCost {
    kinds = Map.copyOf(kinds);
  }

  /** The most while a model and its data are opened. */
  public long loadBytes(long vocabulary, int threads) {
    return bytes(load, loadPerToken, vocabulary, threads);
  }

  /** The most from the first step on. */
  public long runBytes(long vocabulary, int threads) {
    return bytes(run, runPerToken, vocabulary, threads);
  }

  private long bytes(long base, double perToken, long vocabulary, int threads) {
    return base
        + (long) ((perToken + SLACK_PER_TOKEN) * Math.max(0, vocabulary - SMALL_VOCABULARY))
        + perThread * (threads - 1)
        + SLACK;
  }

  ObjectNode json() {
    ObjectNode root = JsonNodeFactory.instance.objectNode();
    root.put("load", load).put("run", run);
    root.put("load_per_token", loadPerToken).put("run_per_token", runPerToken);
    root.put("per_thread", perThread);
    new TreeMap<>(kinds).forEach(root.putObject("kinds")::put);
    return root;
  }

  static ProcessCost of(JsonNode json) {
    Map<String, Long> kinds = new TreeMap<>();
    json.path("kinds").properties().forEach(k -> kinds.put(k.getKey(), k.getValue().asLong()));
    return new ProcessCost(
        json.path("load").asLong(),
        json.path("run").asLong(),
        json.path("load_per_token").asDouble(),
        json.path("run_per_token").asDouble(),
        json.path("per_thread").asLong(),
        kinds);
  }
}
