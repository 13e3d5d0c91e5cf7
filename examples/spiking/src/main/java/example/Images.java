package example;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.GZIPInputStream;

/**
 * Grey images with their classes, from the IDX files of the MNIST family.
 *
 * @param pixels (count, size) bytes, unsigned
 * @param labels (count)
 */
record Images(byte[] pixels, int[] labels, int size) {
  private static final int IMAGES = 0x00000803;
  private static final int LABELS = 0x00000801;

  /** Mean and deviation of Fashion-MNIST's training pixels in 0 … 1. */
  private static final float MEAN = 0.2860f;

  private static final float DEVIATION = 0.3530f;
  private static final float[] NORMALISED = new float[256];

  static {
    for (int grey = 0; grey < NORMALISED.length; grey++) {
      NORMALISED[grey] = (grey / 255f - MEAN) / DEVIATION;
    }
  }

  int count() {
    return labels.length;
  }

  /** The first {@code most} of them, or all where there are fewer. */
  Images first(int most) {
    int n = Math.min(most, count());
    return new Images(Arrays.copyOf(pixels, n * size), Arrays.copyOf(labels, n), size);
  }

  /** Writes one image, normalised, to a row of {@code size} floats. */
  void copyTo(float[] target, int row, int image) {
    for (int i = 0; i < size; i++) {
      target[row * size + i] = NORMALISED[pixels[image * size + i] & 0xff];
    }
  }

  /** Whether the folder has the data set. */
  static boolean isThere(Path folder) {
    return Files.isReadable(folder.resolve("train-images-idx3-ubyte.gz"));
  }

  /**
   * Reads {@code train-…} or {@code t10k-…}.
   *
   * @param folder where Debian's package {@code dataset-fashion-mnist} puts them
   */
  static Images read(Path folder, String prefix) throws IOException {
    byte[] pixels;
    int count;
    int size;
    try (DataInputStream in = open(folder.resolve(prefix + "-images-idx3-ubyte.gz"))) {
      hold(in.readInt() == IMAGES, folder, "images");
      count = in.readInt();
      size = in.readInt() * in.readInt();
      pixels = in.readNBytes(count * size);
      hold(pixels.length == count * size, folder, "images");
    }
    int[] labels = new int[count];
    try (DataInputStream in = open(folder.resolve(prefix + "-labels-idx1-ubyte.gz"))) {
      hold(in.readInt() == LABELS && in.readInt() == count, folder, "labels");
      for (int i = 0; i < count; i++) {
        labels[i] = in.readUnsignedByte();
      }
    }
    return new Images(pixels, labels, size);
  }

  private static DataInputStream open(Path file) throws IOException {
    InputStream raw = Files.newInputStream(file);
    return new DataInputStream(new GZIPInputStream(raw, 1 << 16));
  }

  private static void hold(boolean right, Path folder, String what) throws IOException {
    if (!right) {
      throw new IOException(folder + ": the " + what + " are no complete IDX file");
    }
  }
}
