package dev.nacelle.text.gguf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.NacelleException;
import dev.nacelle.file.GgufFile;
import dev.nacelle.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * The whole vocabulary files of llama.cpp with the ids that the models' own tokenizers gave, out of
 * the PyPI sdist llama_cpp_python 0.3.36 (MIT). They are large: the profile vocabularies names the
 * folder that they lie in. {@link GgufTokenizerGoldenTest} has what these texts need of them.
 */
@EnabledIfSystemProperty(named = "nacelle.vocabularies", matches = ".+")
final class VocabularyFilesTest {
  /** WordPiece: refused by name, see docs/reference/gguf-tokenizers.md. */
  private static final List<String> REFUSED = List.of("ggml-vocab-bert-bge.gguf.out");

  @Test
  void idsAreTheModelsOwn() throws IOException {
    Path folder = Path.of(System.getProperty("nacelle.vocabularies"));
    List<Path> files;
    try (Stream<Path> all = Files.list(folder)) {
      files =
          all.filter(file -> file.toString().endsWith(".gguf.out"))
              .filter(file -> !REFUSED.contains(file.getFileName().toString()))
              .sorted()
              .toList();
    }
    List<String> wrong = new ArrayList<>();
    int texts = 0;
    for (Path answers : files) {
      String name = answers.getFileName().toString().replace(".out", "");
      texts += compare(folder.resolve(name), wrong);
    }
    System.out.println(files.size() + " vocabularies, " + texts + " texts");
    assertEquals(List.of(), wrong);
    assertTrue(files.size() >= 14, files.size() + " files");
  }

  private static int compare(Path file, List<String> wrong) throws IOException {
    List<String> texts =
        List.of(
            Files.readString(file.resolveSibling(file.getFileName() + ".inp"))
                .split("\n__ggml_vocab_test__\n", -1));
    List<String> answers = Files.readAllLines(file.resolveSibling(file.getFileName() + ".out"));
    try (GgufFile open = GgufFile.open(file)) {
      Tokenizer tokenizer = GgufText.read(open, file).tokenizer();
      for (int i = 0; i < answers.size(); i++) {
        String ids = join(tokenizer.encode(texts.get(i), false).ids());
        if (!ids.equals(answers.get(i).strip())) {
          wrong.add(
              file.getFileName() + ": '" + texts.get(i) + "'\n" + ids + "\n" + answers.get(i));
        }
      }
    } catch (NacelleException e) {
      wrong.add(String.valueOf(e.getMessage()));
    }
    return answers.size();
  }

  private static String join(int[] ids) {
    return String.join(" ", Arrays.stream(ids).mapToObj(Integer::toString).toList());
  }
}
