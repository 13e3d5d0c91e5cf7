package dev.nacelle.model;

import dev.nacelle.file.GgufFile;
import dev.nacelle.file.GgufVocabulary;
import dev.nacelle.file.MutationCount;
import dev.nacelle.file.Mutator;
import dev.nacelle.file.TensorEntry;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class GgufMutationTest {
  private static final long SEED = 20261124;
  private static final int MUTANTS = MutationCount.times(3_000);

  @TempDir Path folder;

  @Test
  void onlyDocumentedErrors() throws IOException {
    byte[] whole;
    try (InputStream in = Objects.requireNonNull(getClass().getResourceAsStream("tiny.gguf"))) {
      whole = in.readAllBytes();
    }
    Walker walker = new Walker(whole);
    walker.walk();
    List<int[]> values = walker.values;
    List<int[]> lengths = walker.lengths;
    int metadataEnd = values.getLast()[0] + 8;
    Mutator mutator = new Mutator(SEED);
    MutationCount count = new MutationCount("gguf", SEED);
    Path file = folder.resolve("mutant.gguf");
    for (int i = 0; i < MUTANTS; i++) {
      byte[] mutant;
      if (i % 8 < 5) {
        mutant = mutator.numbers(whole, values);
      } else if (i % 8 == 5) {
        mutant = mutator.numbers(whole, lengths);
      } else {
        // Damage among the names and numbers: among weights it would mean nothing.
        byte[] head = mutator.bytes(Arrays.copyOf(whole, metadataEnd));
        mutant = Arrays.copyOf(head, head.length + whole.length - metadataEnd);
        System.arraycopy(whole, metadataEnd, mutant, head.length, whole.length - metadataEnd);
      }
      Files.write(file, mutant);
      count.run(() -> readAll(file), GgufMutationTest::isPastParser);
    }
    count.finish(MUTANTS, 8L << 20);
  }

  private static boolean isPastParser(String message) {
    return !message.contains("begin with GGUF")
        && !message.contains("version")
        && !message.contains("the rest of the file can hold")
        && !message.contains("not UTF-8")
        && !message.contains("of the unknown type")
        && !message.contains("' has the unknown type")
        && !(message.contains("runs past the end") && !message.contains("bytes of data are there"));
  }

  private static void readAll(Path file) {
    try (GgufFile open = GgufFile.open(file)) {
      GgufVocabulary vocabulary = GgufVocabulary.read(open);
      if (vocabulary.tokens().isEmpty()) {
        throw new AssertionError("a vocabulary without tokens was read");
      }
      GgufModel model = GgufModel.of(open);
      for (TensorEntry entry : model.entries().values()) {
        try (NativeBuffer wide = NativeBuffer.allocate(4 * entry.elements())) {
          model.readFloat32(entry.name(), wide);
        }
      }
    }
  }

  /** Finds the numbers of a good file's structure, apart from the reader that is tested. */
  private static final class Walker {
    /** Places of what may change without the rest losing its place: values, sizes, offsets. */
    final List<int[]> values = new ArrayList<>();

    /** Places of lengths, counts and types of values. */
    final List<int[]> lengths = new ArrayList<>();

    private final ByteBuffer file;

    Walker(byte[] bytes) {
      file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    void walk() {
      file.position(4);
      u32(lengths);
      long tensors = u64(lengths);
      long keys = u64(lengths);
      for (long i = 0; i < keys; i++) {
        string();
        value(u32(lengths));
      }
      for (long i = 0; i < tensors; i++) {
        string();
        int dimensions = u32(lengths);
        for (int d = 0; d < dimensions; d++) {
          u64(values);
        }
        u32(values);
        u64(values);
      }
    }

    private int u32(List<int[]> places) {
      places.add(new int[] {file.position(), 4});
      return file.getInt();
    }

    private long u64(List<int[]> places) {
      places.add(new int[] {file.position(), 8});
      return file.getLong();
    }

    private void string() {
      long length = u64(lengths);
      file.position(file.position() + (int) length);
    }

    private void value(int type) {
      switch (type) {
        case 0, 1, 7 -> file.get();
        case 2, 3 -> file.getShort();
        case 4, 5, 6 -> u32(values);
        case 8 -> string();
        case 9 -> {
          int element = u32(lengths);
          long count = u64(lengths);
          for (long i = 0; i < count; i++) {
            value(element);
          }
        }
        case 10, 11, 12 -> u64(values);
        default -> throw new AssertionError(type);
      }
    }
  }
}
