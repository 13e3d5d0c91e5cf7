package dev.nacelle.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.data.wordnet.WordnetTasks;
import dev.nacelle.file.pull.ModelStore;
import dev.nacelle.file.pull.PackagedModel;
import dev.nacelle.kernels.cpu.Settings;
import dev.nacelle.report.Sizes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The names that pull knows, and the models of a hub that are in the cache. */
record PullList(boolean json) {
  static final String WORDNET_LICENSE = "WordNet License";

  /** What the two parts of the data set's first version take. */
  private static final long WORDNET_BYTES = 826_113;

  /** A line of the list. */
  private record Row(
      String name,
      String kind,
      long bytes,
      @Nullable String license,
      String about,
      @Nullable Path path) {}

  void print() {
    List<Row> rows = rows();
    if (json) {
      ObjectNode result = Json.object();
      ArrayNode names = result.putArray("names");
      for (Row row : rows) {
        names
            .addObject()
            .put("name", row.name)
            .put("kind", row.kind)
            .put("bytes", row.bytes)
            .put("license", row.license)
            .put("about", row.about)
            .put("cached", row.path != null)
            .put("path", row.path == null ? null : row.path.toString());
      }
      result.put("cache", Settings.cacheFolder().toString());
      System.out.println(Json.text(result));
      return;
    }
    int width = rows.stream().mapToInt(row -> row.name.length()).max().orElse(0);
    for (Row row : rows) {
      System.out.printf(
          "%-" + width + "s  %-5s  %9s  %-18s  %-9s  %s%n",
          row.name,
          row.kind,
          Sizes.bytes(row.bytes),
          row.license == null ? "licence not stated" : row.license,
          row.path == null ? "" : "in cache",
          row.about);
    }
    System.out.println("\nhf:ORG/REPO[@REVISION] and hf:ORG/REPO:FILE.gguf bring models of a hub.");
  }

  private static List<Row> rows() {
    Path cache = Settings.cacheFolder();
    List<Row> rows = new ArrayList<>();
    for (PackagedModel model : PackagedModel.ALL) {
      rows.add(
          new Row(
              model.name(),
              "model",
              model.bytes(),
              model.license(),
              model.about(),
              model.isCached(cache) ? model.path(cache) : null));
    }
    Path made = WordnetTasks.isCached(cache) ? WordnetTasks.ensure(cache).train() : null;
    rows.add(
        new Row(
            Names.WORDNET,
            "data",
            WORDNET_BYTES,
            WORDNET_LICENSE,
            WordnetTasks.TRAIN_TASKS
                + " chats about words, "
                + WordnetTasks.HELD_OUT_TASKS
                + " held out",
            made));
    for (ModelStore.Model model : Names.models().cachedFromHub()) {
      rows.add(
          new Row(
              model.name(),
              "model",
              bytes(model.path()),
              model.license(),
              "revision " + model.revision(),
              model.path()));
    }
    return rows;
  }

  private static long bytes(Path model) {
    if (!Files.isDirectory(model)) {
      return PullCommand.size(model);
    }
    try (Stream<Path> files = Files.list(model)) {
      return files.filter(Files::isRegularFile).mapToLong(PullCommand::size).sum();
    } catch (IOException e) {
      return 0;
    }
  }
}
