package dev.nacelle.train;

import dev.nacelle.function.Convolution;
import dev.nacelle.function.CrossEntropy;
import dev.nacelle.function.Dense;
import dev.nacelle.function.Gate;
import dev.nacelle.function.GatedProduct;
import dev.nacelle.function.MeanOverTime;
import dev.nacelle.function.Residual;
import dev.nacelle.function.RmsNorm;
import dev.nacelle.memory.LedgerClass;
import dev.nacelle.memory.SpillFile;
import dev.nacelle.memory.Strategy;
import dev.nacelle.tape.Engine;
import dev.nacelle.tape.Keeping;
import dev.nacelle.tape.Parameter;
import dev.nacelle.tape.QuantizedKeeping;
import dev.nacelle.tape.SpillKeeping;
import dev.nacelle.tape.Tape;
import dev.nacelle.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A small convolutional network on our tape that names classes, trained as a strategy says: pixels
 * to C channels, then blocks x + silu(conv(norm x)) · conv(norm x) of 3 × 3 kernels, the mean over
 * the pixels, and a dense layer. A block keeps x and both convolutions: 3·H·W·B·C elements, and one
 * number a pixel.
 */
final class SmallConvolution implements AutoCloseable {
  /** What it looks like. */
  record Shape(int size, int inputs, int channels, int blocks, int classes) {
    int pixels() {
      return size * size;
    }
  }

  /** Images (B, H·W, inputs) one behind the other, and their classes. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Images(float[] values, int[] classes) {
    static Images random(Shape shape, int count, long seed) {
      SplittableRandom random = new SplittableRandom(seed);
      float[] values = new float[count * shape.pixels() * shape.inputs];
      int[] classes = new int[count];
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) random.nextGaussian();
      }
      for (int i = 0; i < count; i++) {
        classes[i] = random.nextInt(shape.classes);
      }
      return new Images(values, classes);
    }
  }

  private record Block(Tensor gain, Parameter gate, Parameter up) {}

  private static final int KERNEL = 3;

  private final Engine engine;
  private final Shape shape;
  private final int frozen;
  private final SplittableRandom random;
  private final List<Tensor> made = new ArrayList<>();
  private final List<Block> blocks = new ArrayList<>();
  private final Dense stem;
  private final Dense head;
  private final Tensor identity;
  private final Optimizer optimizer;
  private Strategy strategy = Strategy.FASTEST;
  private final SpillFile file;
  private long steps;

  /**
   * @param frozen blocks in front that do not train, and with the first the stem neither
   * @param spill where a strategy may spill to
   */
  SmallConvolution(Engine engine, Shape shape, int frozen, Path spill) {
    this.engine = engine;
    this.shape = shape;
    this.frozen = frozen;
    this.random = new SplittableRandom(11);
    long c = shape.channels;
    stem = new Dense(parameter("stem", c, shape.inputs), null);
    for (int b = 0; b < shape.blocks; b++) {
      float[] ones = new float[shape.channels];
      Arrays.fill(ones, 1f);
      Tensor gain = own(engine.allocator().of(LedgerClass.PARAMETERS, ones, c));
      long seen = KERNEL * KERNEL * c;
      blocks.add(new Block(gain, parameter("gate" + b, c, seen), parameter("up" + b, c, seen)));
    }
    head = new Dense(parameter("head", shape.classes, c), null);
    float[] one = new float[shape.classes * shape.classes];
    for (int i = 0; i < shape.classes; i++) {
      one[i * shape.classes + i] = 1;
    }
    identity =
        own(engine.allocator().of(LedgerClass.PARAMETERS, one, shape.classes, shape.classes));
    optimizer = Optimizer.ofOneRate(engine, AdamSettings.DEFAULT, trained());
    file = SpillFile.open(spill);
  }

  private Tensor own(Tensor tensor) {
    made.add(tensor);
    return tensor;
  }

  private Parameter parameter(String name, long out, long in) {
    float[] values = new float[Math.toIntExact(out * in)];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (random.nextGaussian() / Math.sqrt((double) in));
    }
    return new Parameter(name, own(engine.allocator().of(LedgerClass.PARAMETERS, values, out, in)));
  }

  /** What trains. */
  List<Parameter> trained() {
    List<Parameter> all = new ArrayList<>();
    if (frozen == 0) {
      all.add(stem.weight());
    }
    for (Block block : blocks.subList(frozen, blocks.size())) {
      all.add(block.gate);
      all.add(block.up);
    }
    all.add(head.weight());
    return all;
  }

  void use(Strategy next) {
    optimizer.useBits(next.momentBits(), steps);
    optimizer.spillInto(next.spill() == Strategy.Spill.ACTIVATIONS_AND_MOMENTS ? file : null);
    strategy = next;
  }

  long spilledBytes() {
    return file.bytesWritten();
  }

  private Keeping keeping() {
    if (strategy.savedBits() < 32) {
      return new QuantizedKeeping(engine, strategy.savedBits(), steps + 1);
    }
    return strategy.spill() == Strategy.Spill.NOTHING
        ? Keeping.WHOLE
        : new SpillKeeping(engine, file);
  }

  /** Bytes of activations between forward and backward of the first pass. */
  long saved(Images images) {
    try (Tape tape = engine.record(keeping())) {
      losses(tape, images, 0, Math.min(images.classes.length, strategy.microBatch()));
      return engine.ledger().live(LedgerClass.ACTIVATIONS);
    }
  }

  /** One step; the mean loss before it. */
  double step(Images images) {
    int all = images.classes.length;
    double loss = 0;
    boolean inBackward = strategy.updateInBackward() && strategy.microBatch() >= all;
    steps++;
    try {
      optimizer.stage();
      for (int from = 0; from < all; ) {
        int count = Math.min(strategy.microBatch(), all - from);
        try (Tape tape = engine.record(keeping())) {
          Tensor losses = losses(tape, images, from, count);
          for (float l : losses.toFloats()) {
            loss += l;
          }
          if (inBackward) {
            tape.backward(losses, p -> optimizer.step(p, steps, 1e-3));
          } else {
            tape.backward(losses);
          }
        }
        from += count;
      }
      optimizer.step(steps, 1e-3);
    } finally {
      optimizer.unstage();
      optimizer.releaseGradients();
    }
    return loss / all;
  }

  private Tensor losses(Tape tape, Images images, int from, int count) {
    Tensor x = tape.apply(stem, frozen == 0, input(tape, images, from, count));
    for (int first = 0; first < blocks.size(); ) {
      boolean again = first < strategy.recomputedBlocks();
      int last =
          again
              ? Math.min(first + strategy.segmentBlocks(), strategy.recomputedBlocks())
              : first + 1;
      Tensor y =
          again ? segment(tape, x, first, Math.min(last, blocks.size())) : block(tape, x, first);
      tape.discard(x);
      x = y;
      first = last;
    }
    Tensor mean = tape.apply(new MeanOverTime(shape.pixels()), x);
    tape.discard(x);
    Tensor scores = tape.apply(head, true, mean);
    int[] targets = Arrays.copyOfRange(images.classes, from, from + count);
    Tensor classes = tape.own(engine.allocator().of(LedgerClass.ACTIVATIONS, targets));
    return tape.apply(
        new CrossEntropy(identity, classes, 1f / images.classes.length, null), scores);
  }

  /** (H·W, B, inputs) of some images. */
  private Tensor input(Tape tape, Images images, int from, int count) {
    int inputs = shape.inputs;
    float[] values = new float[shape.pixels() * count * inputs];
    for (int p = 0; p < shape.pixels(); p++) {
      for (int b = 0; b < count; b++) {
        System.arraycopy(
            images.values,
            ((from + b) * shape.pixels() + p) * inputs,
            values,
            (p * count + b) * inputs,
            inputs);
      }
    }
    return tape.own(
        engine.allocator().of(LedgerClass.ACTIVATIONS, values, shape.pixels(), count, inputs));
  }

  private Tensor segment(Tape tape, Tensor x, int first, int last) {
    return tape.segment(
        x,
        in -> {
          Tensor y = in;
          for (int b = first; b < last; b++) {
            int at = b;
            Tensor next =
                last - first == 1
                    ? block(tape, y, at)
                    : tape.segment(y, inner -> block(tape, inner, at));
            if (y != in) {
              tape.discard(y);
            }
            y = next;
          }
          return y;
        });
  }

  private Tensor block(Tape tape, Tensor x, int number) {
    Block block = blocks.get(number);
    boolean trains = number >= frozen;
    try (Tape.Frame frame = tape.frame()) {
      Tensor normed = tape.apply(new RmsNorm(block.gain, 1e-5f), x);
      Tensor gate = tape.apply(convolution(block.gate, trains), trains, normed);
      Tensor up = tape.apply(convolution(block.up, trains), trains, normed);
      Tensor branch = tape.apply(new GatedProduct(Gate.SILU), gate, up);
      return frame.result(tape.apply(new Residual(), x, branch));
    }
  }

  private Convolution convolution(Parameter weight, boolean trains) {
    return new Convolution(weight, shape.size, shape.size, KERNEL, trains);
  }

  Engine engine() {
    return engine;
  }

  /** All bits of what trains. */
  float[][] parameters() {
    return trained().stream().map(p -> p.value().toFloats()).toArray(float[][]::new);
  }

  @Override
  public void close() {
    optimizer.close();
    file.close();
    trained().forEach(Parameter::releaseGradient);
    made.forEach(Tensor::release);
  }
}
