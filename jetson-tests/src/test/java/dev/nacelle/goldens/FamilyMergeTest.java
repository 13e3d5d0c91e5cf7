package dev.nacelle.goldens;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.nacelle.cli.Main;
import dev.nacelle.commandline.Fixtures;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.file.GgufFile;
import dev.nacelle.file.HfFolder;
import dev.nacelle.file.TensorEntry;
import dev.nacelle.model.ConfigReader;
import dev.nacelle.model.GgufModel;
import dev.nacelle.model.ModelConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * merge and export of every family: a merged model is the base with its adapter, whatever file it
 * came from and goes to, and what is written to GGUF is named and ordered as llama.cpp has it.
 */
final class FamilyMergeTest {
  @TempDir private Path folder = Path.of("");

  private static double loss(Path model, String... more) {
    List<String> args =
        new ArrayList<>(
            List.of(
                "eval",
                "--json",
                "--quiet",
                "--model",
                model.toString(),
                "--data",
                FamilyCase.data().toString()));
    args.addAll(List.of(more));
    return FamilyCase.run(args.toArray(String[]::new)).get("loss").asDouble();
  }

  private static double adapted(FamilyCase golden, Path model) {
    return loss(model, "--adapter", golden.adapter().toString());
  }

  private JsonNode merge(FamilyCase golden, Path model, Path out, String... more) {
    List<String> args =
        new ArrayList<>(
            List.of(
                "merge",
                "--json",
                "--quiet",
                "--model",
                model.toString(),
                "--adapter",
                golden.adapter().toString(),
                "--out",
                out.toString()));
    args.addAll(List.of(more));
    return FamilyCase.run(args.toArray(String[]::new));
  }

  @Test
  void aFolderOfEitherIsTheModelWithItsAdapter() {
    int merged = 0;
    for (FamilyCase golden : FamilyCase.all()) {
      for (Path model : golden.models()) {
        Path out = folder.resolve(golden.name() + merged);
        merge(golden, model, out, "--dtype", "fp32");
        double wanted = adapted(golden, model);
        assertEquals(wanted, loss(out), 2e-6 * wanted, golden.name() + " from " + model);
        merged++;
      }
    }
    assertEquals(25, merged);
  }

  @Test
  void aGgufFileIsTheModelWithItsAdapter() {
    Set<String> refused = new TreeSet<>();
    for (FamilyCase golden : FamilyCase.all()) {
      Path out = folder.resolve(golden.name() + ".gguf");
      if (!golden.hasGguf()) {
        int code =
            Main.run(
                "merge",
                "--quiet",
                "--format",
                "gguf",
                "--model",
                golden.folder().toString(),
                "--adapter",
                golden.adapter().toString(),
                "--out",
                out.toString());
        assertEquals(3, code, golden.name());
        assertFalse(Files.exists(out), golden.name());
        refused.add(golden.name());
        continue;
      }
      double wanted = adapted(golden, golden.folder());
      merge(golden, golden.folder(), out, "--format", "gguf");
      assertEquals(wanted, loss(out), 1e-3, golden.name() + " from its folder");
      Path again = folder.resolve(golden.name() + "-again.gguf");
      merge(golden, golden.gguf(), again, "--format", "gguf");
      assertEquals(wanted, loss(again), 1e-3, golden.name() + " from its GGUF file");
      sameFile(golden, out);
      sameFile(golden, again);
    }
    assertEquals(Set.of("gemma3-odd", "mistral-window", "qwen2-window"), refused);
  }

  /** Tensors by name and shape, norms number by number, and the configuration. */
  private static void sameFile(FamilyCase golden, Path made) {
    try (GgufModel wanted = GgufModel.of(GgufFile.open(golden.gguf()));
        GgufModel found = GgufModel.of(GgufFile.open(made))) {
      assertEquals(wanted.config(), found.config(), golden.name());
      assertEquals(
          wanted.file().entries().keySet(), found.file().entries().keySet(), golden.name());
      int vectors = 0;
      for (TensorEntry entry : wanted.file().entries().values()) {
        if (entry.shape().length == 1) {
          String name = entry.name();
          float[] want = Fixtures.floats(wanted.file(), name);
          float[] got = Fixtures.floats(found.file(), name);
          for (int i = 0; i < want.length; i++) {
            assertEquals(want[i], got[i], 2e-7f, golden.name() + " " + name + " element " + i);
          }
          vectors++;
        }
      }
      assertTrue(vectors > 2, golden.name());
    }
  }

  /** What GGUF's metadata says of a model is what its folder says, and comes back as that. */
  @Test
  void bothFilesSayTheSameModel() {
    int compared = 0;
    for (FamilyCase golden : FamilyCase.all()) {
      if (golden.hasGguf()) {
        Path out = folder.resolve(golden.name() + "-back");
        merge(golden, golden.gguf(), out);
        try (HfFolder given = HfFolder.open(golden.folder(), FaultInjector.none());
            HfFolder back = HfFolder.open(out, FaultInjector.none())) {
          ModelConfig wanted = ConfigReader.read(given);
          ModelConfig found = ConfigReader.read(back);
          // GGUF knows a Mistral as a Llama.
          assertEquals(wanted.family().architecture(), found.family().architecture());
          assertEquals(wanted.traits().layers(), found.traits().layers(), golden.name());
          assertEquals(
              wanted.traits().attentionScale(),
              found.traits().attentionScale(),
              1e-7,
              golden.name());
          assertEquals(wanted.ropeTheta(), found.ropeTheta(), golden.name());
          assertEquals(wanted.tieWordEmbeddings(), found.tieWordEmbeddings(), golden.name());
          compared++;
        }
      }
    }
    assertEquals(11, compared);
  }

  /** A pair for each adapted layer, under the base's own names. */
  @Test
  void exportedAdaptersAreNamedAfterTheBase() {
    for (FamilyCase golden : FamilyCase.all()) {
      if (!golden.hasGguf()) {
        continue;
      }
      Path out = folder.resolve(golden.name() + "-lora.gguf");
      FamilyCase.run(
          "export",
          "--json",
          "--model",
          golden.folder().toString(),
          "--adapter",
          golden.adapter().toString(),
          "--format",
          "gguf",
          "--out",
          out.toString());
      try (GgufFile base = GgufFile.open(golden.gguf());
          GgufFile lora = GgufFile.open(out)) {
        assertEquals(
            base.metadata().text("general.architecture"),
            lora.metadata().text("general.architecture"));
        int pairs = 0;
        for (TensorEntry entry : base.entries().values()) {
          if (entry.shape().length == 2 && entry.name().startsWith("blk.")) {
            TensorEntry a = lora.entry(entry.name() + ".lora_a");
            TensorEntry b = lora.entry(entry.name() + ".lora_b");
            assertEquals(entry.shape()[1], a.shape()[1], entry.name());
            assertEquals(entry.shape()[0], b.shape()[0], entry.name());
            pairs++;
          }
        }
        assertEquals(2 * pairs, lora.entries().size(), golden.name());
      }
    }
  }
}
