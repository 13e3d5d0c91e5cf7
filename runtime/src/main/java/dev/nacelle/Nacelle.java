package dev.nacelle;

import dev.nacelle.file.FaultInjector;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.memory.Ledger;
import dev.nacelle.memory.LedgerClass;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeAccess;
import dev.nacelle.train.ComputeKernels;
import dev.nacelle.train.ReadyModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * An engine: where an embedding program begins.
 *
 * <pre>{@code
 * try (Nacelle nacelle = Nacelle.open()) {
 *   FinetuneSummary done =
 *       nacelle.finetune(
 *               Finetuning.builder()
 *                   .setModel(Path.of("model"))
 *                   .setData(Path.of("chats.jsonl"))
 *                   .setOut(Path.of("adapter"))
 *                   .build(),
 *               event -> System.out.println(event))
 *           .run();
 *   try (LanguageModel model =
 *       nacelle.openModel(
 *           Path.of("model"), ComputeType.FP32, WeightedAdapter.of(done.adapter()))) {
 *     System.out.println(model.generate(Generation.ofChat("Hello").build()).text());
 *   }
 * }
 * }</pre>
 *
 * <p>Engines share nothing that either could notice: two of them in one process give the bytes that
 * each would give alone. Every method is safe for several threads. What goes wrong is a {@link
 * NacelleException}; nothing here prints or ends the process. The JVM needs {@code
 * --enable-native-access}, see docs/embedding.md.
 */
public final class Nacelle implements AutoCloseable {
  /** Of this library. */
  public static final String VERSION = "0.1.0";

  private final int threads;
  private final Optional<String> fallbackReason;
  private final FaultInjector faults = FaultInjector.fromEnvironment();
  private final Set<LanguageModel> models = new LinkedHashSet<>();
  private final Set<SpikingNetwork> networks = new LinkedHashSet<>();
  private final Set<FinetuneRun> runs = new LinkedHashSet<>();
  private long peakBytes;
  private boolean closed;

  private Nacelle(int threads) {
    NativeAccess.check();
    this.threads = ComputeKernels.threads(threads);
    try (KernelSet kernels = ComputeKernels.open(this.threads)) {
      fallbackReason = Optional.ofNullable(kernels.fallbackReason());
    }
  }

  /** An engine with a thread for each physical core; otherwise as {@link #open(int)}. */
  public static Nacelle open() {
    return open(0);
  }

  /**
   * An engine.
   *
   * @param threads for every kernel, 1 to 1024; 0 for one for each physical core. The same number
   *     gives the same bytes
   * @throws NacelleException of kind ENVIRONMENT where the JVM refuses native access, with the flag
   *     that allows it; USAGE for a number that is not possible
   */
  public static Nacelle open(int threads) {
    return Failures.guard(() -> new Nacelle(threads));
  }

  /** Threads of every kernel. */
  public int threads() {
    return threads;
  }

  /** Why plain Java computes, many times slower; empty where the C kernels are there. */
  public Optional<String> fallbackReason() {
    return fallbackReason;
  }

  /**
   * Opens a model in fp32, as it is or with an adapter; otherwise as the other.
   *
   * @param adapters each update times its weight
   */
  public LanguageModel openModel(Path path, WeightedAdapter... adapters) {
    return openModel(path, ComputeType.FP32, adapters);
  }

  /**
   * Opens a model to write with it and to measure it.
   *
   * @param path a Hugging Face folder or a GGUF file
   * @param adapters each update times its weight; several are summed
   * @return to be closed by the caller, or with this engine
   * @throws NacelleException of kind INPUT for what is missing, malformed or not done by us; BUDGET
   *     where the memory does not suffice; USAGE where this engine is closed
   */
  public LanguageModel openModel(Path path, ComputeType type, WeightedAdapter... adapters) {
    checkOpen();
    return Failures.guard(
        () -> {
          ReadyModel ready =
              ReadyModel.open(
                  path,
                  LanguageModel.choices(List.of(adapters)),
                  DType.valueOf(type.name()),
                  () -> kernels(threads),
                  faults);
          return adopt(new LanguageModel(this, path, ready), ready);
        });
  }

  private synchronized LanguageModel adopt(LanguageModel model, ReadyModel ready) {
    if (closed) {
      ready.close();
    }
    checkOpen();
    models.add(model);
    return model;
  }

  /**
   * Prepares a fine-tuning; nothing is opened before {@link FinetuneRun#run}.
   *
   * @param listener hears what happens on the thread that runs it; its exception ends the run
   */
  public FinetuneRun finetune(Finetuning description, Consumer<FinetuneEvent> listener) {
    return new FinetuneRun(this, description.options(threads), listener);
  }

  /**
   * Makes a spiking network with fresh weights.
   *
   * @return to be closed by the caller, or with this engine
   * @throws NacelleException of kind BUDGET where the memory does not suffice; USAGE where this
   *     engine is closed
   */
  public SpikingNetwork spikingNetwork(SpikingDescription description) {
    checkOpen();
    return Failures.guard(() -> adopt(new SpikingNetwork(this, description, kernels(threads))));
  }

  private SpikingNetwork adopt(SpikingNetwork network) {
    boolean late;
    synchronized (this) {
      late = closed;
      if (!late) {
        networks.add(network);
      }
    }
    if (late) {
      network.close();
    }
    checkOpen();
    return network;
  }

  /** The operators, one by one. */
  public Operators operators() {
    return new Operators(
        () -> {
          checkOpen();
          return kernels(threads);
        });
  }

  /**
   * What this engine's models and spiking networks hold now; a fine-tuning tells its own in its
   * events.
   */
  public synchronized MemoryUse memoryUse() {
    long bytes = 0;
    long tensors = 0;
    long peak = peakBytes;
    Map<String, Long> classes = new LinkedHashMap<>();
    List<Ledger> ledgers = new ArrayList<>();
    models.forEach(m -> ledgers.add(m.ledger()));
    networks.forEach(n -> ledgers.add(n.ledger()));
    for (Ledger ledger : ledgers) {
      bytes += ledger.live();
      tensors += ledger.liveTensors();
      peak = Math.max(peak, ledger.peak());
      for (LedgerClass kind : LedgerClass.values()) {
        classes.merge(kind.label(), ledger.live(kind), Long::sum);
      }
    }
    return new MemoryUse(bytes, tensors, peak, classes);
  }

  KernelSet kernels(int count) {
    return ComputeKernels.open(count);
  }

  FaultInjector faults() {
    return faults;
  }

  synchronized void forget(LanguageModel model) {
    peakBytes = Math.max(peakBytes, model.ledger().peak());
    models.remove(model);
  }

  synchronized void forget(SpikingNetwork network) {
    peakBytes = Math.max(peakBytes, network.ledger().peak());
    networks.remove(network);
  }

  synchronized void begin(FinetuneRun run) {
    checkOpen();
    runs.add(run);
  }

  synchronized void end(FinetuneRun run) {
    runs.remove(run);
  }

  private synchronized void checkOpen() {
    if (closed) {
      throw NacelleException.usage("this engine is closed", "open another");
    }
  }

  /**
   * Cancels what runs and waits for it, closes the models that are open, and gives all native
   * memory back. A second call does nothing. Not to be called by a listener.
   */
  @Override
  public void close() {
    List<FinetuneRun> running;
    List<LanguageModel> open;
    List<SpikingNetwork> spiking;
    synchronized (this) {
      closed = true;
      running = new ArrayList<>(runs);
      open = new ArrayList<>(models);
      spiking = new ArrayList<>(networks);
    }
    running.forEach(FinetuneRun::cancel);
    boolean interrupted = false;
    for (FinetuneRun run : running) {
      interrupted |= run.awaitEnd();
    }
    open.forEach(LanguageModel::close);
    spiking.forEach(SpikingNetwork::close);
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
