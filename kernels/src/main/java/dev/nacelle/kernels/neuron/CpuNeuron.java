package dev.nacelle.kernels.neuron;

import dev.nacelle.kernels.NeuronOptions;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.SpikingNeuron;
import dev.nacelle.kernels.Surrogate;
import dev.nacelle.kernels.common.DTypeCodes;
import dev.nacelle.kernels.common.Elements;
import dev.nacelle.kernels.common.NativeFunctions;
import dev.nacelle.kernels.common.Scratch;
import dev.nacelle.kernels.fourierfilter.GainSums;
import dev.nacelle.kernels.fourierfilter.RootTable;
import dev.nacelle.nativeaccess.DType;
import java.lang.invoke.MethodHandle;
import org.jspecify.annotations.Nullable;

/** The face of neuron/neuron.c. */
public final class CpuNeuron implements SpikingNeuron {
  /** Neurons that a thread takes through all steps at a time: NK_RUN. */
  private static final long RUN = 256;

  /** Columns of a run's sums: NK_NEURON_SUMS. */
  private static final int SUMS = 4;

  private final int threads;
  private final MethodHandle forward;
  private final MethodHandle backward;
  private final GainSums gainSums;

  public CpuNeuron(NativeFunctions library) {
    threads = library.threads();
    forward = library.bind("nk_neuron_forward", "PPPPPPPPPPPPLLLLIIFFFFFIIIIII");
    backward = library.bind("nk_neuron_backward", "PPPPPPPPPPPPPPPPPLLLLLIFFFFFFIIIIIIII");
    gainSums = new GainSums(library);
  }

  /** x seen as (T, B, N): without bits and filter all neurons are one row. */
  private record Sizes(long steps, long batch, long neurons) {
    static Sizes of(Operand x, boolean rows) {
      long steps = x.size(0);
      long all = steps == 0 ? 0 : x.elements() / steps;
      long neurons = rows ? x.size(-1) : all;
      return new Sizes(steps, neurons == 0 ? 0 : all / neurons, neurons);
    }
  }

  @Override
  public void forward(Outputs outputs, Inputs inputs, NeuronOptions options) {
    NeuronArguments.forward(outputs, inputs, options);
    boolean bits = outputs.spikes().dtype() == DType.I32;
    Sizes sizes = Sizes.of(inputs.x(), bits || inputs.gainRe() != null);
    try (Scratch scratch = new Scratch()) {
      if (sizes.steps() == 0) {
        begin(outputs, inputs, options);
        return;
      }
      Operand x = scratch.contiguous(inputs.x());
      Filter filter = Filter.of(inputs, sizes.steps(), scratch);
      long work = threads * (sizes.steps() + 4 * filter.modes()) * RUN;
      forward.invokeExact(
          outputs.spikes().address(),
          outputs.v().address(),
          address(outputs.b()),
          address(outputs.vSequence()),
          scratch.tensor(DType.FP32, filter.modes() == 0 ? 1 : work).address(),
          x.address(),
          floats(scratch, inputs.v0()),
          floats(scratch, inputs.b0()),
          filter.re(),
          filter.im(),
          filter.cosine(),
          filter.sine(),
          sizes.steps(),
          sizes.batch(),
          sizes.neurons(),
          filter.modes(),
          DTypeCodes.of(x.dtype()),
          bits ? 1 : 0,
          options.learned() ? options.inverseTau() : options.leak(),
          options.vThreshold(),
          options.rest(),
          options.rho(),
          options.beta(),
          options.learned() ? 1 : 0,
          options.decayInput() ? 1 : 0,
          options.vReset() == null ? 1 : 0,
          options.tieFires() ? 0 : 1,
          options.isAdaptive() || outputs.b() != null ? 1 : 0,
          threads);
    } catch (Throwable t) {
      throw NativeFunctions.failure("nk_neuron_forward", t);
    }
  }

  @Override
  public ParameterGradients backward(
      Wanted wanted, Given given, Inputs inputs, NeuronOptions options, boolean parameters) {
    NeuronArguments.backward(wanted, given, inputs, options);
    Sizes sizes = Sizes.of(inputs.x(), inputs.gainRe() != null);
    boolean adaptive =
        options.isAdaptive()
            || given.b() != null
            || wanted.b0() != null
            || (parameters && !options.learned());
    try (Scratch scratch = new Scratch()) {
      if (sizes.steps() == 0) {
        pass(wanted.v0(), given.v());
        pass(wanted.b0(), given.b());
        pass(wanted.gainRe(), null);
        pass(wanted.gainIm(), null);
        return new ParameterGradients(0, 0, 0, 0);
      }
      Operand x = scratch.contiguous(inputs.x());
      Operand spikes = given.spikes();
      Operand gradSpikes = spikes == null ? null : scratch.contiguous(spikes);
      Filter filter = Filter.of(inputs, sizes.steps(), scratch);
      long chunkRows = GainSums.chunkRows(sizes.batch());
      long chunks = (sizes.batch() + chunkRows - 1) / chunkRows;
      long items = chunks * ((sizes.neurons() + RUN - 1) / RUN);
      Operand sums = parameters ? scratch.tensor(DType.FP64, items, SUMS) : null;
      Operand gains = gainSums.partials(scratch, wanted.gainRe(), wanted.gainIm(), chunks);
      long work = threads * (5 * sizes.steps() + 4 * filter.modes()) * RUN;
      backward.invokeExact(
          wanted.x().address(),
          address(wanted.v0()),
          address(wanted.b0()),
          address(sums),
          address(gains),
          scratch.tensor(DType.FP32, work).address(),
          address(gradSpikes),
          floats(scratch, given.v()),
          floats(scratch, given.b()),
          floats(scratch, given.vSequence()),
          x.address(),
          floats(scratch, inputs.v0()),
          floats(scratch, inputs.b0()),
          filter.re(),
          filter.im(),
          filter.cosine(),
          filter.sine(),
          sizes.steps(),
          sizes.batch(),
          sizes.neurons(),
          filter.modes(),
          chunkRows,
          DTypeCodes.of(x.dtype()),
          options.learned() ? options.inverseTau() : options.leak(),
          options.vThreshold(),
          options.rest(),
          options.rho(),
          options.beta(),
          options.alpha(),
          options.learned() ? 1 : 0,
          options.decayInput() ? 1 : 0,
          options.vReset() == null ? 1 : 0,
          options.detachReset() ? 1 : 0,
          code(options.surrogate()),
          options.tieFires() ? 0 : 1,
          adaptive ? 1 : 0,
          threads);
      gainSums.sum(wanted.gainRe(), wanted.gainIm(), gains, chunks);
      return total(sums, options);
    } catch (Throwable t) {
      throw NativeFunctions.failure("nk_neuron_backward", t);
    }
  }

  /** The runs' sums in order. */
  private static ParameterGradients total(@Nullable Operand sums, NeuronOptions options) {
    double[] total = new double[SUMS];
    for (long i = 0; sums != null && i < sums.elements(); i++) {
      total[(int) (i % SUMS)] += Elements.get(sums, i);
    }
    double k = options.inverseTau();
    double slope = options.learned() ? k * (1 - k) : 0;
    return new ParameterGradients(total[0], total[1], total[2], total[3] * slope);
  }

  /** The numbers of NK_ATAN … in neuron_math.h. */
  private static int code(Surrogate surrogate) {
    return switch (surrogate) {
      case ATAN -> 0;
      case SIGMOID -> 1;
      case FAST_SIGMOID -> 2;
      case TRIANGLE, PIECEWISE_QUADRATIC -> 3;
      case RECT -> 4;
      case SUPER_SPIKE -> 5;
      case ERF -> 6;
    };
  }

  /** No step: the final state is the first one. */
  private static void begin(Outputs outputs, Inputs inputs, NeuronOptions options) {
    Operand v0 = inputs.v0();
    Operand b = outputs.b();
    if (v0 == null) {
      Elements.fill(outputs.v(), options.rest());
    } else {
      Elements.copy(outputs.v(), v0);
    }
    if (b != null) {
      pass(b, inputs.b0());
    }
  }

  private static void pass(@Nullable Operand to, @Nullable Operand from) {
    if (to != null && from != null) {
      Elements.copy(to, from);
    } else if (to != null) {
      Elements.fill(to, 0);
    }
  }

  private static long address(@Nullable Operand operand) {
    return operand == null ? 0 : operand.address();
  }

  private static long floats(Scratch scratch, @Nullable Operand operand) {
    return operand == null ? 0 : scratch.floats(operand).address();
  }

  /** The filter's gains and roots of unity, where there is one. */
  private record Filter(long re, long im, long cosine, long sine, long modes) {
    static Filter of(Inputs inputs, long steps, Scratch scratch) {
      Operand re = inputs.gainRe();
      Operand im = inputs.gainIm();
      if (re == null || im == null) {
        return new Filter(0, 0, 0, 0, 0);
      }
      RootTable roots = RootTable.of(steps, scratch);
      return new Filter(
          scratch.floats(re).address(),
          scratch.floats(im).address(),
          roots.cosine(),
          roots.sine(),
          re.size(0));
    }
  }
}
