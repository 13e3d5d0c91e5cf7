package dev.nacelle.planning;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.NacelleException;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.Operand;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import dev.nacelle.nativeaccess.NativeMemory;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;

/**
 * Bytes a second of what moves more than it multiplies; no cache holds what is measured.
 *
 * @param copy read plus written
 * @param between of a norm's and a gate's operands, forward
 * @param betweenBackward the same in backward
 * @param paging of a mapped file whose pages were let go and come back from the page cache
 */
public record ByteRates(double copy, double between, double betweenBackward, double paging) {
  private static final long COPIED = 32L << 20;
  private static final int COLUMNS = 1024;
  private static final int DRAWN = 1 << 14;

  static ByteRates measure(KernelSet kernels) {
    long rows = COPIED / 4 / COLUMNS;
    try (NativeBuffer a = filled(COPIED);
        NativeBuffer b = filled(COPIED);
        NativeBuffer c = filled(COPIED);
        NativeBuffer small = filled(4L * (rows + COLUMNS))) {
      Operand x = Operand.of(a, DType.FP32, rows, COLUMNS);
      Operand y = Operand.of(b, DType.FP32, rows, COLUMNS);
      Operand z = Operand.of(c, DType.FP32, rows, COLUMNS);
      Operand weight = Operand.of(small, DType.FP32, COLUMNS);
      Operand sums =
          Operand.view(small, 4L * COLUMNS, DType.FP32, new long[] {rows}, new long[] {1});
      Stopwatch stopwatch = new Stopwatch();
      Stopwatch.Reading copy = stopwatch.add(() -> kernels.elementwise().convert(y, x));
      Stopwatch.Reading forward =
          stopwatch.add(
              () -> {
                kernels.swiGlu().forward(z, x, y);
                kernels.rmsNorm().forward(y, sums, x, weight, 1e-5f, 0);
              });
      Stopwatch.Reading backward =
          stopwatch.add(
              () -> {
                kernels.swiGlu().backward(x, y, z, x, y);
                kernels.rmsNorm().backward(z, null, y, x, weight, sums, 0, true);
              });
      stopwatch.run();
      return new ByteRates(
          2.0 * COPIED / copy.median(),
          5.0 * COPIED / forward.median(),
          8.0 * COPIED / backward.median(),
          paged(kernels, x));
    }
  }

  /** What a copy takes longer where its source's pages have to come back. */
  private static double paged(KernelSet kernels, Operand to) {
    try {
      Path file = Files.createTempFile("nacelle-calibration", ".pages");
      try {
        write(file);
        try (NativeBuffer pages = NativeMemory.map(file)) {
          Operand from = Operand.of(pages, DType.FP32, to.shape());
          Stopwatch stopwatch = new Stopwatch();
          Stopwatch.Reading there = stopwatch.add(() -> kernels.elementwise().convert(to, from));
          Stopwatch.Reading gone =
              stopwatch.add(
                  () -> {
                    pages.unload();
                    kernels.elementwise().convert(to, from);
                  });
          stopwatch.run();
          double more = gone.median() - there.median();
          return COPIED / Math.max(more, there.median() / 10);
        }
      } finally {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw NacelleException.environment(
          "no file can be mapped to measure this machine: " + e.getMessage(),
          "make room in the folder for temporary files",
          e);
    }
  }

  private static void write(Path file) throws IOException {
    byte[] piece = new byte[1 << 20];
    try (OutputStream to = Files.newOutputStream(file)) {
      for (long at = 0; at < COPIED; at += piece.length) {
        to.write(piece);
      }
    }
  }

  /** Numbers as training has them: a processor may be quicker with zeros. */
  static NativeBuffer filled(long bytes) {
    NativeBuffer buffer = NativeBuffer.allocate(bytes);
    float[] some = new float[(int) Math.min(DRAWN, bytes / Float.BYTES)];
    SplittableRandom random = new SplittableRandom(bytes);
    for (int i = 0; i < some.length; i++) {
      some[i] = (float) random.nextDouble(-1, 1);
    }
    for (long at = 0; at < bytes / Float.BYTES; at += some.length) {
      buffer.write(at, some, 0, (int) Math.min(some.length, bytes / Float.BYTES - at));
    }
    return buffer;
  }

  ObjectNode json() {
    return JsonNodeFactory.instance
        .objectNode()
        .put("copy", copy)
        .put("between", between)
        .put("between_backward", betweenBackward)
        .put("paging", paging);
  }

  static ByteRates of(JsonNode json) {
    return new ByteRates(
        json.path("copy").asDouble(),
        json.path("between").asDouble(),
        json.path("between_backward").asDouble(),
        json.path("paging").asDouble());
  }
}
