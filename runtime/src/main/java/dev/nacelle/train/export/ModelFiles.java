package dev.nacelle.train.export;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.file.AtomicFile;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.file.GgufVocabulary;
import dev.nacelle.file.HfFolder;
import dev.nacelle.file.JsonText;
import dev.nacelle.model.ConfigWriter;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.text.gguf.GgufTokenizerFiles;
import dev.nacelle.text.gguf.GgufTokenizerJson;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The files of a model folder beside its weights: configuration, tokenizer, licence. */
final class ModelFiles {
  private static final Pattern CARRIED =
      Pattern.compile(
          "tokenizer\\.json|tokenizer_config\\.json|special_tokens_map\\.json|added_tokens\\.json"
              + "|vocab\\.(json|txt)|merges\\.txt|[^/]*\\.model|[^/]*\\.tiktoken"
              + "|chat_template\\.json|[^/]*\\.jinja|generation_config\\.json"
              + "|(LICEN[CS]E|NOTICE|USE_POLICY)[^/]*");

  /** Where newer folders keep templates beside the first one. */
  private static final String MORE_TEMPLATES = "additional_chat_templates";

  private ModelFiles() {}

  /**
   * Writes them.
   *
   * @param untied whether the head was the token table and is no more
   */
  static void write(
      MergeBase base, Path target, DType dtype, boolean untied, FaultInjector faults) {
    switch (base) {
      case MergeBase.Folder folder -> ofFolder(folder.source(), target, dtype, untied, faults);
      case MergeBase.Gguf gguf -> ofGguf(gguf, target, dtype, untied, faults);
    }
  }

  private static void ofFolder(
      HfFolder folder, Path target, DType dtype, boolean untied, FaultInjector faults) {
    ObjectNode config = folder.config().node().deepCopy();
    String name = ConfigWriter.name(dtype);
    if (config.has("dtype")) {
      config.put("dtype", name);
    }
    if (config.has("torch_dtype") || !config.has("dtype")) {
      config.put("torch_dtype", name);
    }
    if (untied) {
      config.put("tie_word_embeddings", false);
    }
    config.remove("quantization_config"); // what is written is plain
    AtomicFile.writeText(target.resolve("config.json"), faults, JsonText.pretty(config));
    carry(folder.path(), target, faults);
    Path more = folder.path().resolve(MORE_TEMPLATES);
    if (Files.isDirectory(more)) {
      carry(more, target.resolve(MORE_TEMPLATES), faults);
    }
  }

  private static void carry(Path from, Path to, FaultInjector faults) {
    try (Stream<Path> all = Files.list(from)) {
      List<Path> files =
          all.filter(Files::isRegularFile)
              .filter(f -> CARRIED.matcher(String.valueOf(f.getFileName())).matches())
              .sorted()
              .toList();
      Files.createDirectories(to);
      for (Path file : files) {
        AtomicFile.write(to.resolve(file.getFileName()), faults, channel -> copy(file, channel));
      }
    } catch (IOException e) {
      throw AtomicFile.failure(to, e);
    }
  }

  private static void copy(Path file, FileChannel target) throws IOException {
    try (FileChannel source = FileChannel.open(file, StandardOpenOption.READ)) {
      long size = source.size();
      for (long at = 0; at < size; ) {
        at += source.transferTo(at, size - at, target);
      }
    }
  }

  private static void ofGguf(
      MergeBase.Gguf base, Path target, DType dtype, boolean untied, FaultInjector faults) {
    boolean tied = base.config().tieWordEmbeddings() && !untied;
    GgufVocabulary vocabulary = GgufVocabulary.read(base.source().file());
    AtomicFile.writeBytes(
        target.resolve("tokenizer.json"),
        faults,
        GgufTokenizerJson.render(vocabulary, base.source().path()));
    AtomicFile.writeText(
        target.resolve("tokenizer_config.json"),
        faults,
        JsonText.pretty(
            GgufTokenizerFiles.config(vocabulary, base.config().maxPositionEmbeddings())));
    AtomicFile.writeText(
        target.resolve("config.json"),
        faults,
        JsonText.pretty(ConfigWriter.config(base.config(), dtype, tied)));
    AtomicFile.writeText(
        target.resolve("generation_config.json"),
        faults,
        JsonText.pretty(ConfigWriter.generation(base.config())));
  }
}
