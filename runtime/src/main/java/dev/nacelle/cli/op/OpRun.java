package dev.nacelle.cli.op;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.NacelleException;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.file.Safetensors;
import dev.nacelle.file.SafetensorsFile;
import dev.nacelle.kernels.Backend;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.operator.OperatorInputException;
import dev.nacelle.kernels.operator.OperatorRunner;
import dev.nacelle.kernels.operator.OperatorUsageException;
import dev.nacelle.kernels.registry.Operators;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code ./nacelle op run}. */
@Command(
    name = "run",
    mixinStandardHelpOptions = true,
    description = {
      "Runs one operator on the tensors of a safetensors file, named as its arguments are.",
      "With grad_<output> tensors in the file the backward runs too and writes grad_<input>."
    },
    footer = {
      "",
      "'./nacelle op list' shows every operator's tensors and attributes.",
      "",
      "Exit codes: 0 done, 1 unexpected failure, 2 wrong usage (operator, backend, attribute),",
      "3 bad input (a tensor that is missing, unknown, ill-shaped or of a wrong type; a damaged",
      "file), 5 the environment lacks something.",
      "",
      "Examples:",
      "  ./nacelle op run rms_norm --in in.safetensors --out out.safetensors --attr eps=1e-6",
      "  ./nacelle op run rope --in in.safetensors --out out.safetensors --attr interleaved=true",
      "  ./nacelle op run swiglu --in in.safetensors --out out.safetensors --backend reference",
    })
public final class OpRun implements Callable<Integer> {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  @Parameters(index = "0", paramLabel = "NAME", description = "The operator.")
  private String name = "";

  @Option(
      names = "--in",
      paramLabel = "F",
      required = true,
      description = "The safetensors file to read.")
  private @Nullable Path in;

  @Option(
      names = "--out",
      paramLabel = "G",
      required = true,
      description = "The safetensors file to write.")
  private @Nullable Path out;

  @Option(
      names = "--attr",
      paramLabel = "K=V",
      description = "An attribute; repeatable. Booleans are true or false, absent is none.")
  private List<String> attributes = new ArrayList<>();

  @Option(
      names = "--backend",
      paramLabel = "B",
      description = "cpu, cuda or reference (default: cpu; reference where it is not built).")
  private @Nullable String backend;

  @Option(names = "--threads", description = "Threads of every kernel (default: physical cores).")
  private int threads;

  @Mixin private Speech speech = new Speech();

  @Override
  public Integer call() {
    Path source = in;
    Path target = out;
    if (source == null || target == null) {
      throw NacelleException.usage("op run needs --in and --out", "name two safetensors files");
    }
    OperatorRunner finder = new OperatorRunner(Operators.all(), b -> closed());
    Backend chosen;
    Map<String, String> given;
    try {
      var spec = finder.find(name).spec();
      chosen = backend == null ? null : OperatorRunner.backend(spec, backend);
      given = parse(attributes);
      OperatorRunner.checkAttributes(spec, given);
    } catch (OperatorUsageException e) {
      throw usage(e);
    }
    FaultInjector faults = FaultInjector.fromEnvironment();
    List<NativeBuffer> memory = new ArrayList<>();
    try (SafetensorsFile file = Safetensors.open(source, faults);
        KernelSet kernels = Sets.open(chosen, Sets.threads(threads), speech)) {
      Map<String, Operand> results =
          new OperatorRunner(Operators.all(), b -> kernels)
              .run(
                  name,
                  kernels.backend(),
                  TensorFiles.read(file),
                  given,
                  bytes -> {
                    NativeBuffer buffer = NativeBuffer.allocate(bytes);
                    memory.add(buffer);
                    return buffer;
                  });
      TensorFiles.write(target, results, faults);
      print(results, kernels);
    } catch (OperatorUsageException e) {
      throw usage(e);
    } catch (OperatorInputException e) {
      throw new NacelleException(
          NacelleException.Kind.INPUT,
          source + ": " + e.getMessage(),
          "'./nacelle op list' shows what " + name + " takes",
          e);
    } finally {
      memory.stream().filter(buffer -> !buffer.isClosed()).forEach(NativeBuffer::close);
    }
    return 0;
  }

  private static KernelSet closed() {
    throw new IllegalStateException("no kernels are open yet");
  }

  private static NacelleException usage(OperatorUsageException e) {
    return new NacelleException(
        NacelleException.Kind.USAGE,
        String.valueOf(e.getMessage()),
        "'./nacelle op list' shows every operator with its attributes and backends",
        e);
  }

  static Map<String, String> parse(List<String> attributes) {
    Map<String, String> given = new LinkedHashMap<>();
    for (String attribute : attributes) {
      int equals = attribute.indexOf('=');
      if (equals < 1) {
        throw new OperatorUsageException("--attr takes name=value, given '" + attribute + "'");
      }
      String key = attribute.substring(0, equals);
      if (given.put(key, attribute.substring(equals + 1)) != null) {
        throw new OperatorUsageException("the attribute '" + key + "' is given twice");
      }
    }
    return given;
  }

  private void print(Map<String, Operand> results, KernelSet kernels) {
    if (speech.json) {
      ObjectNode result = MAPPER.createObjectNode();
      result
          .put("op", name)
          .put("backend", kernels.backend().label())
          .put("isa", kernels.isaLevel())
          .put("out", String.valueOf(out));
      ArrayNode tensors = result.putArray("tensors");
      results.forEach(
          (tensor, x) -> {
            ObjectNode node = tensors.addObject().put("name", tensor);
            node.put("dtype", x.dtype().safetensorsName());
            ArrayNode shape = node.putArray("shape");
            for (long size : x.shape()) {
              shape.add(size);
            }
          });
      System.out.println(result);
    } else {
      results.forEach((tensor, x) -> System.out.println(tensor + "  " + x));
    }
  }
}
