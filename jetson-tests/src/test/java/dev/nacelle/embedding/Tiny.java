package dev.nacelle.embedding;

import dev.nacelle.Finetuning;
import dev.nacelle.FinetuningBuilder;
import dev.nacelle.commandline.Fixtures;
import dev.nacelle.nativeaccess.NativeMemory;
import dev.nacelle.nativeaccess.torch.Handles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;

/** A model of a few hundred kilobytes, and what a program does with it. */
final class Tiny {
  static final Path MODEL = Fixtures.model("plain");
  static final Path DATA = Fixtures.example("plain-qv").resolve("data.jsonl");

  private Tiny() {}

  /** Twelve steps with dropout, shuffled: whatever two runs could share would show. */
  static FinetuningBuilder finetuning(Path out, long seed) {
    return Finetuning.builder()
        .setModel(MODEL)
        .setData(DATA)
        .setOut(out)
        .optSteps(12)
        .optRank(4)
        .optDropout(0.1)
        .optBatchSize(2)
        .optAccumulate(2)
        .optSeed(seed);
  }

  /** The adapter's bytes. */
  static String adapter(Path folder) {
    try {
      return HexFormat.of()
          .formatHex(Files.readAllBytes(folder.resolve("adapter_model.safetensors")));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Native memory and handles that somebody holds: buffers, bytes, LibTorch's. */
  static List<Long> held() {
    return List.of(NativeMemory.liveBuffers(), NativeMemory.liveBytes(), Handles.live());
  }
}
