package dev.nacelle.kernels.quant;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.nacelle.kernels.BlockFormat;
import dev.nacelle.kernels.BlockMatrix;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.backend.CpuKernelSet;
import dev.nacelle.kernels.backend.Kernels;
import dev.nacelle.kernels.cpu.KernelLibrary;
import dev.nacelle.kernels.cpu.Levels;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** Every format, bit for bit as the gguf package widens it (jetson-tests/peers/block_golden.py). */
final class BlockGoldenTest {
  private int compared;

  private static List<KernelSet> sets() {
    List<KernelSet> sets = new ArrayList<>();
    sets.add(Kernels.reference());
    for (KernelLibrary library : Levels.here()) {
      sets.add(new CpuKernelSet(library));
    }
    return sets;
  }

  @Test
  void bitsEqualTheGgufPackage() throws IOException {
    List<KernelSet> sets = sets();
    for (BlockFormat format : BlockFormat.values()) {
      try (InputStream in =
              Objects.requireNonNull(getClass().getResourceAsStream(format.label() + ".bin"));
          NativeBuffer file = copy(in.readAllBytes())) {
        long rows = file.getInt(0);
        long columns = file.getInt(1);
        long blockBytes = format.rowBytes(columns);
        Operand blocks =
            Operand.view(
                file, 8, DType.U8, new long[] {rows, blockBytes}, new long[] {blockBytes, 1});
        long scales = format.hasAbsmax() ? rows * columns / BlockFormat.ABSMAX_ELEMENTS : 0;
        long at = 8 + rows * blockBytes;
        Operand absmax =
            scales == 0
                ? null
                : Operand.view(file, at, DType.FP32, new long[] {scales}, new long[] {1});
        BlockMatrix matrix = new BlockMatrix(blocks, format, absmax, 0);
        long values = (at + 4 * scales) / 4;
        assertEquals(file.byteSize(), 4 * (values + rows * columns), format.label());
        for (KernelSet set : sets) {
          hold(format.label() + " " + set.isaLevel(), set, matrix, file, values);
        }
      }
    }
    assertEquals((8 * 5 * 512 + 4 * 160) * sets.size(), compared);
  }

  private void hold(
      String where, KernelSet set, BlockMatrix matrix, NativeBuffer file, long values) {
    long columns = matrix.size(1);
    long elements = matrix.size(0) * columns;
    try (NativeBuffer out = NativeBuffer.allocate(4 * elements)) {
      set.dequantize().forward(Operand.of(out, DType.FP32, matrix.size(0), columns), matrix);
      for (long i = 0; i < elements; i++) {
        assertEquals(file.getInt(values + i), out.getInt(i), where + " element " + i);
        compared++;
      }
    }
  }

  private static NativeBuffer copy(byte[] bytes) {
    NativeBuffer buffer = NativeBuffer.allocate(bytes.length);
    buffer.write(0, bytes, 0, bytes.length);
    return buffer;
  }
}
