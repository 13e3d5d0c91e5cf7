package dev.nacelle.train;

import dev.nacelle.adapter.Adapter;
import dev.nacelle.data.PackedBatch;
import dev.nacelle.data.Sample;
import dev.nacelle.file.NamedTensor;
import dev.nacelle.file.Safetensors;
import dev.nacelle.file.SafetensorsWriter;
import dev.nacelle.file.TensorSource;
import dev.nacelle.memory.AllocationFault;
import dev.nacelle.memory.Ledger;
import dev.nacelle.memory.LedgerClass;
import dev.nacelle.memory.Strategy;
import dev.nacelle.memory.Strategy.Recompute;
import dev.nacelle.memory.Strategy.Spill;
import dev.nacelle.memory.Strategy.Weights;
import dev.nacelle.memory.technique.Measured;
import dev.nacelle.memory.technique.Network;
import dev.nacelle.model.DecoderModel;
import dev.nacelle.model.ModelConfig;
import dev.nacelle.model.ModelTensors;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.tape.Tape;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A small transformer and a small convolutional network, trained with each technique and without.
 * Bytes are the ledger's; seconds are those of steps taken in turn.
 */
final class TechniqueBench implements AutoCloseable {
  /** Pages of mapped files that are resident: not the ledger's to count. */
  static final String PAGES = "resident pages of mapped files";

  private static final int LAYERS = 12;
  private static final ModelConfig LLAMA =
      TrainingRig.config(256, 704, 128, 32, LAYERS, false, 4096);
  private static final int[] EVEN = {64, 64, 64, 64, 64, 64, 64, 64};
  private static final int[] UNEVEN = {64, 15, 32, 9, 45, 23, 55, 13};
  private static final SmallConvolution.Shape NET = new SmallConvolution.Shape(8, 12, 32, 12, 10);
  private static final int IMAGES = 8;
  private static final Strategy PLAIN = Strategy.FASTEST;

  /** Something that takes steps. */
  private interface Learner {
    void use(Strategy strategy);

    void step();

    /** Bytes of activations between forward and backward of the first pass. */
    long kept();

    Ledger ledger();
  }

  /** One way of taking steps. */
  private record Way(Learner learner, Strategy strategy) {}

  private record Comparison(
      String technique, Network network, String setting, String actsOn, Way without, Way with) {}

  /** One engine a learner: nobody's bytes are another's. */
  private final Deque<TrainingRig> rigs = new ArrayDeque<>();

  private final Path folder;
  private final Learner llama;
  private final Learner net;
  private final List<Comparison> comparisons = new ArrayList<>();
  private final Map<Way, Bytes> counted = new LinkedHashMap<>();

  /**
   * @param folder for the model's file and for spilling
   */
  TechniqueBench(Path folder) {
    this.folder = folder;
    Path file = folder.resolve("model.safetensors");
    write(file);
    llama = llama(Safetensors.open(file), "", TrainingRig.batch(new SplittableRandom(3), EVEN));
    net = net(0);
    transformer(file);
    convolutional();
  }

  private static void write(Path file) {
    SplittableRandom random = new SplittableRandom(11);
    List<NamedTensor> tensors = new ArrayList<>();
    for (ModelTensors.Expected tensor : ModelTensors.expected(LLAMA)) {
      float[] values = new float[Math.toIntExact(tensor.elements())];
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) random.nextDouble(-0.1, 0.1);
      }
      tensors.add(NamedTensor.of(tensor.name(), values, tensor.shape()));
    }
    SafetensorsWriter.write(file, tensors, SafetensorsWriter.PYTORCH_METADATA);
  }

  static List<Measured.Trained> networks() {
    return List.of(
        new Measured.Trained(
            Network.TRANSFORMER,
            "12 Llama blocks of 256 channels, 704 inside the MLP, 4,096 words, fp32, mapped; rank"
                + " 16 on all linears; a step over 8 samples of 64 tokens"),
        new Measured.Trained(
            Network.CONVOLUTIONAL,
            "12 gated blocks of 32 channels with two 3 × 3 convolutions each, all trained, fp32; a"
                + " step over 8 images of 8 × 8 pixels (of 12 inputs: 16 × 16 in colour by 2 ×"
                + " 2)"));
  }

  private TrainingRig rig() {
    TrainingRig rig = new TrainingRig(AllocationFault.NONE);
    rigs.push(rig);
    return rig;
  }

  private Learner llama(TensorSource source, String layers, PackedBatch batch) {
    TrainingRig rig = rig();
    DecoderModel model = rig.own(DecoderModel.load(source, LLAMA, rig.engine(), DType.FP32));
    Adapter adapter = rig.adapt(model, 16, 0, "all-linear", layers);
    Schedule schedule = Schedule.of(Schedule.Kind.CONSTANT, 1e-4, 0, 100);
    Trainer trainer =
        rig.own(
            new Trainer(
                rig.engine(),
                model,
                adapter,
                new TrainSettings(schedule, AdamSettings.DEFAULT, 0)));
    trainer.spillInto(folder);
    return new Learner() {
      @Override
      public void use(Strategy strategy) {
        trainer.use(strategy);
        model.letWeightsGo();
      }

      @Override
      public void step() {
        trainer.step(List.of(batch));
      }

      @Override
      public long kept() {
        Strategy strategy = trainer.strategy();
        try (Tape tape = rig.engine().record(trainer.keeping())) {
          model.losses(
              tape, strategy, Batches.row(batch).parts(strategy.microBatch()).get(0), 1f, true, 0);
          return ledger().live(LedgerClass.ACTIVATIONS);
        }
      }

      @Override
      public Ledger ledger() {
        return rig.engine().ledger();
      }
    };
  }

  private Learner net(int frozen) {
    TrainingRig rig = rig();
    SmallConvolution convolution = rig.own(new SmallConvolution(rig.engine(), NET, frozen, folder));
    SmallConvolution.Images images = SmallConvolution.Images.random(NET, IMAGES, 3);
    return new Learner() {
      @Override
      public void use(Strategy strategy) {
        convolution.use(strategy);
      }

      @Override
      public void step() {
        convolution.step(images);
      }

      @Override
      public long kept() {
        return convolution.saved(images);
      }

      @Override
      public Ledger ledger() {
        return rig.engine().ledger();
      }
    };
  }

  private static Strategy bits(int bits) {
    return PLAIN.withBits(bits, 32);
  }

  private static Strategy spilled(Spill what) {
    return PLAIN.withPlaces(Weights.RESIDENT, what);
  }

  private void transformer(Path file) {
    common(Network.TRANSFORMER, llama);
    Way plain = new Way(llama, PLAIN);
    add(
        "recompute-mlp",
        "all blocks",
        LedgerClass.ACTIVATIONS,
        PLAIN.withRecompute(Recompute.MLP, LAYERS));
    add("head-chunks", "64 tokens at once", LedgerClass.WORKSPACE, PLAIN.withHeadRows(64));
    comparisons.add(
        new Comparison(
            "streamed-weights",
            Network.TRANSFORMER,
            "all blocks",
            PAGES,
            plain,
            new Way(llama, PLAIN.withPlaces(Weights.STREAMED, Spill.NOTHING))));
    PackedBatch batch = TrainingRig.batch(new SplittableRandom(3), EVEN);
    compare(
        "frozen-prefix",
        "6 of 12 blocks",
        LedgerClass.ACTIVATIONS,
        plain,
        new Way(llama(Safetensors.open(file), "6-11", batch), PLAIN));
    compare(
        "quantised-base",
        "Q8_0",
        LedgerClass.PARAMETERS,
        plain,
        new Way(llama(new BlockSource(LLAMA, 11), "", batch), PLAIN));
    List<Sample> samples = samples();
    compare(
        "packing",
        "8 samples of 9 to 64 tokens",
        LedgerClass.ACTIVATIONS,
        new Way(llama(Safetensors.open(file), "", PackedBatch.padded(samples, 0)), PLAIN),
        new Way(llama(Safetensors.open(file), "", PackedBatch.of(samples)), PLAIN));
  }

  private static List<Sample> samples() {
    SplittableRandom random = new SplittableRandom(5);
    List<Sample> samples = new ArrayList<>();
    for (int length : UNEVEN) {
      BitSet trained = new BitSet();
      trained.set(1, length);
      samples.add(new Sample(random.ints(length, 0, 4096).toArray(), trained, false, -1));
    }
    return samples;
  }

  private void convolutional() {
    common(Network.CONVOLUTIONAL, net);
    comparisons.add(
        new Comparison(
            "frozen-prefix",
            Network.CONVOLUTIONAL,
            "6 of 12 blocks",
            LedgerClass.ACTIVATIONS.label(),
            new Way(net, PLAIN),
            new Way(net(6), PLAIN)));
  }

  /** What both kinds of network can do. */
  private void common(Network network, Learner learner) {
    Way plain = new Way(learner, PLAIN);
    Map<String, Strategy> activations = new LinkedHashMap<>();
    activations.put("recompute-block: all blocks", PLAIN.withRecompute(Recompute.BLOCK, LAYERS));
    activations.put("recompute-segment: segments of 4", PLAIN.withSegments(LAYERS, 4));
    activations.put("micro-batch: 2 samples a pass", PLAIN.withMicroBatch(2));
    for (int k : new int[] {8, 4, 2}) {
      activations.put("saved-bits: " + k + " bits", bits(k));
    }
    activations.put("spill-activations: all of them", spilled(Spill.ACTIVATIONS));
    activations.forEach(
        (name, strategy) -> {
          String[] parts = name.split(": ", 2);
          comparisons.add(
              new Comparison(
                  parts[0],
                  network,
                  parts[1],
                  LedgerClass.ACTIVATIONS.label(),
                  plain,
                  new Way(learner, strategy)));
        });
    comparisons.add(
        new Comparison(
            "moment-bits",
            network,
            "8 bits",
            LedgerClass.OPTIMIZER.label(),
            plain,
            new Way(learner, PLAIN.withBits(32, 8))));
    comparisons.add(
        new Comparison(
            "spill-moments",
            network,
            "with the activations",
            LedgerClass.OPTIMIZER.label(),
            plain,
            new Way(learner, spilled(Spill.ACTIVATIONS_AND_MOMENTS))));
    comparisons.add(
        new Comparison(
            "update-in-backward",
            network,
            "all parameters",
            LedgerClass.GRADIENTS.label(),
            plain,
            new Way(learner, PLAIN.withUpdateInBackward(true))));
  }

  private void add(String technique, String setting, LedgerClass actsOn, Strategy strategy) {
    compare(technique, setting, actsOn, new Way(llama, PLAIN), new Way(llama, strategy));
  }

  private void compare(
      String technique, String setting, LedgerClass actsOn, Way without, Way with) {
    comparisons.add(
        new Comparison(technique, Network.TRANSFORMER, setting, actsOn.label(), without, with));
  }

  /**
   * Everything, in bytes alone where there are no rounds.
   *
   * @param rounds of timed steps
   */
  List<Measured.Result> results(int rounds) throws InterruptedException {
    Map<Way, double[]> seconds = seconds(rounds);
    List<Measured.Result> results = new ArrayList<>();
    for (Comparison c : comparisons) {
      boolean pages = c.actsOn.equals(PAGES);
      if (pages && rounds == 0) {
        continue;
      }
      long[] without = pages ? pages(c.without) : bytes(c.without, c.actsOn);
      long[] with = pages ? pages(c.with) : bytes(c.with, c.actsOn);
      results.add(
          new Measured.Result(
              c.technique,
              c.network,
              c.setting,
              c.actsOn,
              without[0],
              with[0],
              without[1],
              with[1],
              rounds == 0 ? 0 : slowdown(seconds, c)));
    }
    return results;
  }

  private static double slowdown(Map<Way, double[]> seconds, Comparison c) {
    double without = median(Objects.requireNonNull(seconds.get(c.without)));
    double with = median(Objects.requireNonNull(seconds.get(c.with)));
    return Math.round(with / without * 1000) / 1000.0;
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    int n = sorted.length;
    return (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
  }

  /** Seconds of a step each way; all ways in turn, so that a slow minute slows all of them. */
  private Map<Way, double[]> seconds(int rounds) {
    Map<Way, double[]> seconds = new LinkedHashMap<>();
    for (Comparison c : comparisons) {
      seconds.put(c.without, new double[rounds]);
      seconds.put(c.with, new double[rounds]);
    }
    for (int round = -1; round < rounds && rounds > 0; round++) {
      for (Map.Entry<Way, double[]> way : seconds.entrySet()) {
        way.getKey().learner.use(way.getKey().strategy);
        long begin = System.nanoTime();
        way.getKey().learner.step();
        if (round >= 0) {
          way.getValue()[round] = (System.nanoTime() - begin) * 1e-9;
        }
      }
    }
    return seconds;
  }

  /** The most bytes of one class, and of all, in a step. */
  private long[] bytes(Way way, String actsOn) {
    Bytes bytes = counted.computeIfAbsent(way, TechniqueBench::count);
    return new long[] {Objects.requireNonNull(bytes.classes.get(actsOn)), bytes.all};
  }

  private record Bytes(Map<String, Long> classes, long all) {}

  private static Bytes count(Way way) {
    Ledger ledger = way.learner.ledger();
    way.learner.use(way.strategy);
    ledger.resetPeak();
    way.learner.step();
    Map<String, Long> classes = new LinkedHashMap<>();
    for (LedgerClass kind : LedgerClass.values()) {
      classes.put(kind.label(), ledger.peak(kind));
    }
    Bytes bytes = new Bytes(classes, ledger.peak());
    way.learner.use(PLAIN);
    return bytes;
  }

  /** The most resident pages of mapped files in a step, less those before it; and the ledger. */
  private static long[] pages(Way way) throws InterruptedException {
    way.learner.use(way.strategy);
    way.learner.ledger().resetPeak();
    long before = ProcessMemory.residentFileBytes();
    AtomicLong peak = new AtomicLong();
    AtomicBoolean done = new AtomicBoolean();
    Thread watch =
        Thread.ofPlatform()
            .start(
                () -> {
                  while (!done.get()) {
                    peak.accumulateAndGet(ProcessMemory.residentFileBytes(), Math::max);
                  }
                });
    try {
      way.learner.step();
    } finally {
      done.set(true);
      watch.join();
    }
    way.learner.use(PLAIN);
    return new long[] {peak.get() - before, way.learner.ledger().peak()};
  }

  /** Two techniques at once; bytes alone. */
  List<Measured.Pair> pairs() {
    List<Measured.Pair> pairs = new ArrayList<>();
    String kept = "activations kept between forward and backward";
    String peak = "activations at most in a step";
    for (Network network : List.of(Network.TRANSFORMER, Network.CONVOLUTIONAL)) {
      Learner learner = network == Network.TRANSFORMER ? llama : net;
      Strategy few = PLAIN.withMicroBatch(2);
      Strategy again = PLAIN.withRecompute(Recompute.BLOCK, LAYERS);
      String passes = "micro-batch, 2 samples a pass";
      pairs.add(
          pair(
              network,
              learner,
              List.of("recompute-block", passes, kept),
              List.of(again, few, again.withMicroBatch(2)),
              "Each block keeps its input, of the tokens of one pass: which tensors are kept and"
                  + " how long each is are two things."));
      pairs.add(
          pair(
              network,
              learner,
              List.of("saved-bits, 4 bits", passes, kept),
              List.of(bits(4), few, bits(4).withMicroBatch(2)),
              "How many bits an element has and how many elements there are are two things."));
      pairs.add(
          pair(
              network,
              learner,
              List.of("recompute-block", "saved-bits, 4 bits", peak),
              List.of(again, bits(4), again.withBits(4, 32)),
              "At the peak a block runs again, and what it keeps then is read at once, so it is not"
                  + " coded: bits shrink the kept inputs and leave that block whole."));
    }
    pairs.add(
        pair(
            Network.TRANSFORMER,
            llama,
            List.of("saved-bits, 4 bits", "spill-activations", kept),
            List.of(
                bits(4), spilled(Spill.ACTIVATIONS), spilled(Spill.ACTIVATIONS).withBits(4, 32)),
            "What lies on storage takes no memory, in however few bits; a tensor is put by in one"
                + " of the two ways, and asked for both the trainer codes it."));
    return pairs;
  }

  private Measured.Pair pair(
      Network network, Learner learner, List<String> names, List<Strategy> strategies, String why) {
    boolean kept = names.get(2).contains("kept");
    List<Long> bytes = new ArrayList<>();
    bytes.add(bytes(learner, PLAIN, kept));
    strategies.forEach(s -> bytes.add(bytes(learner, s, kept)));
    Measured.Pair pair =
        new Measured.Pair(
            names.get(0),
            names.get(1),
            network,
            names.get(2),
            bytes.get(0),
            bytes.get(1),
            bytes.get(2),
            bytes.get(3),
            false,
            why);
    return new Measured.Pair(
        pair.first(),
        pair.second(),
        network,
        pair.actsOn(),
        pair.without(),
        pair.one(),
        pair.other(),
        pair.both(),
        Math.abs(pair.overProduct() - 1) < 0.05,
        why);
  }

  private long bytes(Learner learner, Strategy strategy, boolean kept) {
    if (!kept) {
      return bytes(new Way(learner, strategy), LedgerClass.ACTIVATIONS.label())[0];
    }
    learner.use(strategy);
    long bytes = learner.kept();
    learner.use(PLAIN);
    return bytes;
  }

  String isa() {
    return rigs.element().engine().kernels().isaLevel();
  }

  @Override
  public void close() {
    rigs.forEach(TrainingRig::close);
  }
}
