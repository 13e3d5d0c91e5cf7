package dev.nacelle.train;

import dev.nacelle.NacelleException;
import dev.nacelle.adapter.Adapter;
import dev.nacelle.file.NamedTensor;
import dev.nacelle.file.SafetensorsFile;
import dev.nacelle.kernels.AdamW;
import dev.nacelle.kernels.Operand;
import dev.nacelle.memory.LedgerClass;
import dev.nacelle.memory.SpillFile;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.tape.Engine;
import dev.nacelle.tape.Parameter;
import dev.nacelle.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * AdamW over an adapter's parameters, the up-projections (Bs) as a group with its own rate, the
 * rest (As) as another; or over any parameters as one group.
 */
final class Optimizer implements AutoCloseable {
  private final Engine engine;
  private final AdamSettings settings;
  private final List<ParameterState> as = new ArrayList<>();
  private final List<ParameterState> bs = new ArrayList<>();
  private @Nullable SpillFile spill;
  private @Nullable Tensor staging;

  Optimizer(Engine engine, AdamSettings settings, Adapter adapter) {
    this.engine = engine;
    this.settings = settings;
    try {
      Set<Parameter> ups = adapter.ups();
      for (Parameter p : adapter.parameters()) {
        (ups.contains(p) ? bs : as).add(state(p));
      }
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  private Optimizer(Engine engine, AdamSettings settings) {
    this.engine = engine;
    this.settings = settings;
  }

  /** AdamW over parameters that all have one rate. */
  static Optimizer ofOneRate(Engine engine, AdamSettings settings, List<Parameter> parameters) {
    Optimizer optimizer = new Optimizer(engine, settings);
    try {
      for (Parameter p : parameters) {
        optimizer.as.add(optimizer.state(p));
      }
    } catch (RuntimeException e) {
      optimizer.close();
      throw e;
    }
    return optimizer;
  }

  /** The moments under the parameters' names, to be written. */
  List<NamedTensor> moments() {
    List<NamedTensor> named = new ArrayList<>();
    all().forEach(s -> named.addAll(s.named()));
    return named;
  }

  /**
   * Reads back what {@link #moments} wrote.
   *
   * @throws NacelleException of kind INPUT where the file's tensors are not this adapter's
   */
  void restore(SafetensorsFile file) {
    for (ParameterState s : all()) {
      s.restore(file);
      if (spill != null) {
        s.spill(spill);
      }
    }
  }

  /**
   * Holds all moments in so many bits: 32 or 8. Where this fails some may be in the old form yet,
   * and all are right.
   *
   * @param step steps taken: what narrowing rounds by
   */
  void useBits(int bits, long step) {
    all().forEach(s -> s.useBits(bits, step));
  }

  /**
   * Has moments lie on storage between two updates, or with null in memory. Where this fails some
   * may be where they were, and all are right.
   *
   * @throws NacelleException of kind ENVIRONMENT where there is no room on storage
   */
  void spillInto(@Nullable SpillFile file) {
    settle(file);
    spill = file;
  }

  private void settle(@Nullable SpillFile file) {
    if (file != null) {
      all().forEach(s -> s.spill(file));
    } else {
      all().forEach(ParameterState::unspill);
    }
  }

  /**
   * Gets ready for updates, so that no memory is asked for halfway: room for the largest
   * parameter's moments where those lie on storage. What could not be written back last time is
   * tried again.
   *
   * @throws NacelleException of kind ENVIRONMENT or BUDGET; nothing has changed then
   */
  void stage() {
    settle(spill);
    long bytes = all().stream().mapToLong(ParameterState::stagingBytes).max().orElse(0);
    if (bytes > 0 && staging == null) {
      staging = engine.allocator().allocate(LedgerClass.OPTIMIZER, DType.U8, bytes);
    }
  }

  /** Gives back what {@link #stage} took. */
  void unstage() {
    if (staging != null) {
      staging.release();
      staging = null;
    }
  }

  private List<ParameterState> all() {
    return Stream.concat(as.stream(), bs.stream()).toList();
  }

  private ParameterState state(Parameter parameter) {
    return new ParameterState(engine.allocator(), parameter);
  }

  /** √Σg² over all gradients; scaled down to {@code maxNorm} where that is above 0. */
  double clip(double maxNorm) {
    List<Operand> gradients = new ArrayList<>();
    for (ParameterState s : all()) {
      Tensor gradient = s.parameter().gradient();
      if (gradient != null) {
        gradients.add(gradient.operand());
      }
    }
    var kernel = engine.kernels().clipGradNorm();
    return maxNorm > 0 ? kernel.clip(gradients, maxNorm) : kernel.norm(gradients);
  }

  /**
   * @param step counts from 1
   * @param rate the learning rate of A
   */
  void step(long step, double rate) {
    update(as, step, rate);
    update(bs, step, rate * settings.loraPlusRatio());
  }

  /**
   * Updates one parameter alone and gives its gradient back.
   *
   * @return its gradient's norm; where that is not finite, nothing was changed
   */
  double step(Parameter parameter, long step, double rate) {
    for (ParameterState s : as) {
      if (s.parameter() == parameter) {
        return updateAlone(s, step, rate);
      }
    }
    for (ParameterState s : bs) {
      if (s.parameter() == parameter) {
        return updateAlone(s, step, rate * settings.loraPlusRatio());
      }
    }
    throw new IllegalStateException(parameter.name() + " is not one of the optimiser's");
  }

  private double updateAlone(ParameterState s, long step, double rate) {
    Tensor gradient = s.parameter().gradient();
    if (gradient == null) {
      return 0;
    }
    double norm = engine.kernels().clipGradNorm().norm(List.of(gradient.operand()));
    if (Double.isFinite(norm)) {
      update(List.of(s), step, rate);
      s.parameter().releaseGradient();
    }
    return norm;
  }

  private void update(List<ParameterState> group, long step, double rate) {
    List<AdamW.Slot> slots = new ArrayList<>(group.size());
    List<AdamW.EightBitSlot> eightBit = new ArrayList<>();
    for (ParameterState s : group) {
      Tensor gradient = s.parameter().gradient();
      if (gradient != null && !s.isAway()) {
        add(s.parameter(), gradient, s.operands(null), slots, eightBit);
      }
    }
    step(slots, eightBit, step, rate);
    for (ParameterState s : group.stream().filter(ParameterState::isAway).toList()) {
      Tensor gradient = s.parameter().gradient();
      if (gradient != null) {
        List<Operand> moments = s.operands(staging == null ? null : staging.storage().buffer());
        add(s.parameter(), gradient, moments, slots, eightBit);
        step(slots, eightBit, step, rate);
        s.changed(moments);
      }
    }
  }

  private static void add(
      Parameter parameter,
      Tensor gradient,
      List<Operand> moments,
      List<AdamW.Slot> slots,
      List<AdamW.EightBitSlot> eightBit) {
    Operand p = parameter.value().operand();
    Operand g = gradient.operand();
    if (moments.size() == 2) {
      slots.add(new AdamW.Slot(p, g, moments.get(0), moments.get(1)));
    } else {
      eightBit.add(
          new AdamW.EightBitSlot(
              p, g, moments.get(0), moments.get(1), moments.get(2), moments.get(3)));
    }
  }

  /** Updates what is in the lists, and empties them. */
  private void step(
      List<AdamW.Slot> slots, List<AdamW.EightBitSlot> eightBit, long step, double rate) {
    AdamW adamW = engine.kernels().adamW();
    double beta1 = settings.beta1();
    double beta2 = settings.beta2();
    double eps = settings.eps();
    double decay = settings.weightDecay();
    if (!slots.isEmpty()) {
      adamW.step(slots, step, rate, beta1, beta2, eps, decay);
    }
    if (!eightBit.isEmpty()) {
      adamW.stepEightBit(eightBit, step, rate, beta1, beta2, eps, decay);
    }
    slots.clear();
    eightBit.clear();
  }

  /**
   * Makes all gradients before the first of several passes: made in backward they would lie amid
   * its activations, and leave the next pass holes instead of room.
   */
  void openGradients() {
    all().forEach(s -> s.parameter().openGradient(engine.allocator()));
  }

  void releaseGradients() {
    all().forEach(s -> s.parameter().releaseGradient());
  }

  @Override
  public void close() {
    unstage();
    all().forEach(ParameterState::release);
  }
}
