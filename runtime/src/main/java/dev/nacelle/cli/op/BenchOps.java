package dev.nacelle.cli.op;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.NacelleException;
import dev.nacelle.devices.Processor;
import dev.nacelle.kernels.Backend;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.operator.Measurement;
import dev.nacelle.kernels.operator.Operator;
import dev.nacelle.kernels.operator.OperatorRunner;
import dev.nacelle.kernels.operator.OperatorUsageException;
import dev.nacelle.kernels.registry.Operators;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.planning.Stopwatch;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code ./nacelle bench ops}. */
@Command(
    name = "ops",
    mixinStandardHelpOptions = true,
    description = {
      "Times operators, and holds them against what the machine can do at best: the bandwidth of",
      "a plain copy and the rate of a matrix product, measured in the same run."
    },
    footer = {
      "",
      "Times are the best of many runs, or with --in-turn the usual ones, the medians. A share is",
      "bytes or flops per second, divided by the copy bandwidth (bytes read plus written a second)",
      "or the product rate (flop/s). With --json, extra_bytes is native memory that one run takes",
      "beside its tensors, scratch_bytes what all products share.",
      "",
      "Exit codes: 0 done, 1 unexpected failure, 2 wrong usage, 5 the environment lacks something.",
      "",
      "Examples:",
      "  ./nacelle bench ops",
      "  ./nacelle bench ops rms_norm swiglu --dtype bf16 --threads 2",
      "  ./nacelle bench ops cross_entropy --size N=1024,V=32000,C=2048 --json",
      "  ./nacelle bench ops lora_linear hydra_linear dora_linear --dtype fp32 --in-turn",
    })
public final class BenchOps implements Callable<Integer> {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  /** The Java reference is hundreds of times slower: by default its sizes stay small. */
  private static final long REFERENCE_SIZE = 96;

  @Parameters(arity = "0..*", paramLabel = "NAME", description = "Operators (default: all).")
  private List<String> names = new ArrayList<>();

  @Option(
      names = "--backend",
      paramLabel = "B",
      description = "cpu, cuda or reference (default: cpu; reference where it is not built).")
  private @Nullable String backend;

  @Option(
      names = "--size",
      paramLabel = "T=16,N=4096",
      description = "Sizes by letter; those not named keep their default.")
  private List<String> sizes = new ArrayList<>();

  @Option(
      names = "--dtype",
      split = ",",
      paramLabel = "D",
      description = "Storage types: fp32, bf16, fp16 (default: all that the operator has).")
  private List<String> dtypes = new ArrayList<>();

  @Option(
      names = "--seconds",
      defaultValue = "0.2",
      paramLabel = "S",
      description = "Time to spend on one measurement (default: ${DEFAULT-VALUE}).")
  private double seconds = 0.2;

  @Option(
      names = "--in-turn",
      description = {
        "All that is named takes turns, to compare one with another on a machine that is not",
        "equally fast all the time. Their tensors are there together: name few operators."
      })
  private boolean inTurn;

  @Option(names = "--threads", description = "Threads of every kernel (default: physical cores).")
  private int threads;

  @Mixin private Speech speech = new Speech();

  @Override
  public Integer call() {
    if (!(seconds > 0 && seconds <= 3600)) {
      throw NacelleException.usage(
          "--seconds " + seconds + " is not possible", "choose a number above 0, up to 3600");
    }
    Map<String, Long> asked = SizeList.parse(sizes);
    List<Operator> operators = chosen();
    checkLetters(operators, asked);
    List<DType> types = types();
    Backend wanted = backend(operators);
    BestTime best = new BestTime(seconds);
    try (KernelSet kernels = Sets.open(wanted, Sets.threads(threads), speech)) {
      Limits limits = Limits.measure(kernels, best);
      ObjectNode result = header(kernels, limits);
      if (!speech.json) {
        System.out.printf(
            Locale.ROOT,
            "%s, %s, %d threads: copy %.1f GB/s, products %.0f GFLOP/s (%s)%n",
            result.get("processor").asText(),
            kernels.isaLevel(),
            kernels.threads(),
            limits.copyBandwidth() / 1e9,
            limits.gemmRate() / 1e9,
            limits.gemmLibrary());
      }
      ArrayNode results = result.putArray("results");
      BenchReport report = new BenchReport(kernels, limits, results, !speech.json);
      List<Supplier<BenchCase>> cases = cases(kernels, operators, types, asked);
      if (inTurn) {
        measureInTurn(cases, report);
      } else {
        measureAlone(cases, best, report);
      }
      if (speech.json) {
        System.out.println(result);
      }
    }
    return 0;
  }

  private static ObjectNode header(KernelSet kernels, Limits limits) {
    ObjectNode result = MAPPER.createObjectNode();
    result
        .put("threads", kernels.threads())
        .put("copy_bandwidth", limits.copyBandwidth())
        .put("gemm_rate", limits.gemmRate())
        .put("gemm_library", limits.gemmLibrary())
        .put("scratch_bytes", kernels.scratchBytes())
        .put("processor", Processor.read(Path.of("/")).name())
        .put("isa", kernels.isaLevel());
    return result;
  }

  /** One after the other, each with the memory to itself. */
  private static void measureAlone(
      List<Supplier<BenchCase>> cases, BestTime best, BenchReport report) {
    for (Supplier<BenchCase> each : cases) {
      try (BenchCase made = each.get()) {
        for (Measurement pass : made.passes()) {
          report.add(made, pass, best.of(made.work(pass)));
        }
      }
    }
  }

  /** Medians of rounds in which everything takes a turn. */
  private void measureInTurn(List<Supplier<BenchCase>> cases, BenchReport report) {
    List<BenchCase> made = new ArrayList<>();
    try {
      int works = 0;
      for (Supplier<BenchCase> each : cases) {
        made.add(each.get());
        works += made.getLast().passes().size();
      }
      Stopwatch stopwatch = new Stopwatch(Integer.MAX_VALUE, seconds * works);
      List<Stopwatch.Reading> readings = new ArrayList<>();
      for (BenchCase one : made) {
        one.passes().forEach(pass -> readings.add(stopwatch.add(one.work(pass))));
      }
      stopwatch.run();
      Iterator<Stopwatch.Reading> reading = readings.iterator();
      for (BenchCase one : made) {
        one.passes().forEach(pass -> report.add(one, pass, reading.next().median()));
      }
    } finally {
      made.forEach(BenchCase::close);
    }
  }

  private static List<Supplier<BenchCase>> cases(
      KernelSet kernels, List<Operator> operators, List<DType> types, Map<String, Long> asked) {
    List<Supplier<BenchCase>> cases = new ArrayList<>();
    for (Operator operator : operators) {
      Map<String, Long> size = new LinkedHashMap<>(operator.benchSizes());
      if (kernels.backend() == Backend.REFERENCE) {
        size.replaceAll((letter, n) -> Math.min(n, REFERENCE_SIZE));
      }
      size.replaceAll((letter, n) -> asked.getOrDefault(letter, n));
      for (DType dtype : operator.spec().dtypes()) {
        if (types.isEmpty() || types.contains(dtype)) {
          cases.add(() -> new BenchCase(kernels, operator, dtype, size));
        }
      }
    }
    return cases;
  }

  private List<Operator> chosen() {
    if (names.isEmpty()) {
      return Operators.all();
    }
    OperatorRunner finder =
        new OperatorRunner(
            Operators.all(),
            b -> {
              throw new IllegalStateException("no kernels are open yet");
            });
    try {
      return names.stream().map(finder::find).toList();
    } catch (OperatorUsageException e) {
      throw usage(e);
    }
  }

  private @Nullable Backend backend(List<Operator> operators) {
    String label = backend;
    if (label == null) {
      return null;
    }
    try {
      Backend found = null;
      for (Operator operator : operators) {
        found = OperatorRunner.backend(operator.spec(), label);
      }
      return found;
    } catch (OperatorUsageException e) {
      throw usage(e);
    }
  }

  private List<DType> types() {
    List<DType> types = new ArrayList<>();
    for (String name : dtypes) {
      DType type;
      try {
        type = DType.parse(name);
      } catch (IllegalArgumentException e) {
        type = DType.U8;
      }
      if (!type.isCompute()) {
        throw NacelleException.usage(
            "--dtype '" + name + "' is no storage type", "choose fp32, bf16 or fp16");
      }
      types.add(type);
    }
    return types;
  }

  private static void checkLetters(List<Operator> operators, Map<String, Long> asked) {
    for (String letter : asked.keySet()) {
      if (operators.stream().noneMatch(o -> o.benchSizes().containsKey(letter))) {
        throw NacelleException.usage(
            "--size names '" + letter + "', which none of the operators has",
            operators.getFirst().spec().name()
                + " takes "
                + String.join(", ", operators.getFirst().benchSizes().keySet()));
      }
    }
  }

  private static NacelleException usage(OperatorUsageException e) {
    return new NacelleException(
        NacelleException.Kind.USAGE,
        String.valueOf(e.getMessage()),
        "'./nacelle op list' shows every operator with its backends",
        e);
  }
}
