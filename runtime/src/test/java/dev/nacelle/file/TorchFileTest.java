package dev.nacelle.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.NacelleException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Pickles: those of tensors are read, everything else is refused by name, and nothing ever runs.
 */
final class TorchFileTest {
  private static final int MUTATIONS = 4000;

  @TempDir private Path folder;

  /** A pickle in protocol 2, opcode by opcode. */
  private static final class Pickle {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    Pickle() {
      op(0x80, 2);
    }

    Pickle op(int... values) {
      for (int value : values) {
        bytes.write(value);
      }
      return this;
    }

    Pickle global(String module, String name) {
      return op('c').raw(module + "\n" + name + "\n");
    }

    Pickle text(String text) {
      return op('X', text.length(), 0, 0, 0).raw(text);
    }

    Pickle raw(String text) {
      bytes.writeBytes(text.getBytes(StandardCharsets.ISO_8859_1));
      return this;
    }

    /** A tensor (2, 3) in storage "0", of so many elements from an offset on. */
    Pickle tensor(int elements, int offset, int rowStride) {
      global("torch._utils", "_rebuild_tensor_v2").op('(', '(').text("storage");
      global("torch", "FloatStorage").text("0").text("cpu").op('K', elements, 't', 'Q');
      op('K', offset, 'K', 2, 'K', 3, 0x86, 'K', rowStride, 'K', 1, 0x86, 0x89);
      return global("collections", "OrderedDict").op(')', 'R', 't', 'R');
    }

    byte[] dict(String name) {
      ByteArrayOutputStream value = new ByteArrayOutputStream();
      value.writeBytes(bytes.toByteArray());
      Pickle whole = new Pickle().op('}').text(name);
      whole.bytes.write(value.toByteArray(), 2, value.size() - 2);
      return whole.op('s', '.').bytes.toByteArray();
    }

    byte[] end() {
      return op('.').bytes.toByteArray();
    }
  }

  private Path write(byte[] pickle, float... storage) throws IOException {
    ByteBuffer data = ByteBuffer.allocate(4 * storage.length).order(ByteOrder.LITTLE_ENDIAN);
    data.asFloatBuffer().put(storage);
    Path file = folder.resolve("adapter_model.bin");
    Files.write(file, TorchZip.of("archive", pickle, data.array()));
    return file;
  }

  private String refused(byte[] pickle, float... storage) throws IOException {
    Path file = write(pickle, storage);
    NacelleException e =
        assertThrows(
            NacelleException.class, () -> TorchFile.open(file, FaultInjector.none()).close());
    assertEquals(3, e.kind().exitCode());
    return String.valueOf(e.getMessage());
  }

  @Test
  void aTensorIsRead() throws IOException {
    Path file = write(new Pickle().tensor(8, 1, 3).dict("w"), 9, 1, 2, 3, 4, 5, 6, 9);
    try (TorchFile open = TorchFile.open(file, FaultInjector.none());
        var wide = dev.nacelle.nativeaccess.NativeBuffer.allocate(24)) {
      assertEquals("F32[2, 3]", open.entry("w").describe());
      open.readFloat32("w", wide);
      float[] values = new float[6];
      wide.read(0, values, 0, 6);
      assertArrayEquals(new float[] {1, 2, 3, 4, 5, 6}, values);
    }
  }

  @Test
  void whatCouldRunCodeIsRefusedByName() throws IOException {
    for (String name : new String[] {"os system", "builtins eval", "posix system", "torch load"}) {
      String[] parts = name.split(" ", -1);
      byte[] pickle = new Pickle().global(parts[0], parts[1]).op('(').text("id").op('t', 'R').end();
      String message = refused(pickle);
      assertTrue(message.contains("asks for '" + parts[0] + "." + parts[1] + "'"), message);
    }
    assertTrue(refused(new Pickle().op('i').raw("os\nsystem\n").end()).contains("opcode 0x69"));
    assertTrue(refused(new Pickle().op('}', '(', 'o').end()).contains("opcode 0x6f"));
    assertTrue(refused(new Pickle().op(0x82, 1).end()).contains("opcode 0x82"));
  }

  @Test
  void whatDoesNotFitIsRefused() throws IOException {
    assertTrue(
        refused(new Pickle().tensor(8, 3, 3).dict("w"), new float[8]).contains("and storage"));
    assertTrue(
        refused(new Pickle().tensor(8, 0, 4).dict("w"), new float[8]).contains("contiguous"));
    assertTrue(
        refused(new Pickle().tensor(9, 0, 3).dict("w"), new float[8]).contains("has 32 bytes"));
    assertTrue(
        refused(new Pickle().op('K', 1).dict("w")).contains("'w' in its pickle is no tensor"));
    assertTrue(refused(new Pickle().op('K', 1).end()).contains("no dict of tensors"));
    assertTrue(refused(new Pickle().op('R').end()).contains("more values than it has"));
    assertTrue(refused(new Pickle().op('h', 7).end()).contains("place 7"));
    assertTrue(refused(new Pickle().op('X', 255, 255, 255, 255).end()).contains("inside a string"));
    assertTrue(refused(new byte[] {(byte) 0x80, 2}).contains("ends inside an opcode"));
    Path none = Files.write(folder.resolve("adapter_model.bin"), new byte[64]);
    NacelleException e =
        assertThrows(
            NacelleException.class, () -> TorchFile.open(none, FaultInjector.none()).close());
    assertTrue(String.valueOf(e.getMessage()).contains("no zip file"), e.getMessage());
  }

  /** Every damaged file is read or refused as bad input; none ends in another error. */
  @Test
  void damagedFilesAreReadOrRefused() throws IOException {
    Path file = write(new Pickle().tensor(8, 1, 3).dict("w"), 9, 1, 2, 3, 4, 5, 6, 9);
    byte[] whole = Files.readAllBytes(file);
    SplittableRandom random = new SplittableRandom(20261129);
    int read = 0;
    for (int n = 0; n < MUTATIONS; n++) {
      byte[] damaged = whole.clone();
      int flips = 1 + random.nextInt(3);
      for (int i = 0; i < flips; i++) {
        damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
      }
      Files.write(file, damaged);
      try (TorchFile open = TorchFile.open(file, FaultInjector.none())) {
        open.entries().keySet().forEach(name -> open.data(name).read(0, new byte[1], 0, 0));
        read++;
      } catch (NacelleException e) {
        assertEquals(3, e.kind().exitCode(), "case " + n + ": " + e.getMessage());
      }
    }
    System.out.println("pickles: " + MUTATIONS + " damaged, " + read + " read, seed 20261129");
    assertTrue(read > 0 && read < MUTATIONS, "read " + read);
  }
}
