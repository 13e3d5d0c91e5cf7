package dev.nacelle.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.NacelleException;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.file.TensorSource;
import dev.nacelle.file.inspect.Inspection;
import dev.nacelle.file.inspect.Inspector;
import dev.nacelle.file.inspect.TensorExtract;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code ./nacelle inspect}. */
@Command(
    name = "inspect",
    mixinStandardHelpOptions = true,
    description = {
      "Lists what safetensors and GGUF files, model folders, adapters and checkpoints hold: tensors,",
      "metadata, and what Nacelle would load. Weights are not read. Shapes are slowest first."
    },
    footer = {
      "",
      "--json prints files, a list of path, ok, kind, tensors, metadata, error and more.",
      "With --tensor one tensor is written as fp32, or with --raw as it is stored; GGUF's blocks",
      "then become rows of U8, their type and shape in the file's metadata.",
      "",
      "Exit codes: 0 done, 1 unexpected failure, 2 wrong usage, 3 one of the paths is missing or",
      "malformed (the others are still shown), 5 the output cannot be written.",
      "",
      "Examples:",
      "  ./nacelle inspect DIR",
      "  ./nacelle inspect model.gguf adapter --json",
      "  ./nacelle inspect model.gguf --tensor blk.0.attn_q.weight --out q.safetensors",
    })
final class InspectCommand implements Callable<Integer> {
  @Parameters(
      arity = "1..*",
      paramLabel = "PATH",
      description = "Files, folders, or names that pull knows.")
  private List<Path> paths = new ArrayList<>();

  @Option(names = "--tensor", paramLabel = "NAME", description = "Write this one tensor.")
  private @Nullable String tensor;

  @Option(names = "--out", paramLabel = "F.safetensors", description = "Where --tensor writes it.")
  private @Nullable Path out;

  @Option(names = "--raw", description = "Write it as it is stored, not as fp32.")
  private boolean raw;

  @Mixin private OutputFlags output = new OutputFlags();

  @Override
  public Integer call() {
    String name = tensor;
    Path target = out;
    if (name != null && target != null) {
      if (paths.size() != 1) {
        throw NacelleException.usage(
            "--tensor with " + paths.size() + " paths", "name the one that holds the tensor");
      }
      extract(Names.model(paths.getFirst()), name, target);
      return 0;
    }
    if (name != null || target != null || raw) {
      throw NacelleException.usage(
          "--tensor, --out and --raw go together",
          "give --tensor NAME --out F.safetensors, or none of them");
    }
    return list();
  }

  private void extract(Path path, String name, Path target) {
    FaultInjector faults = FaultInjector.fromEnvironment();
    TensorExtract.Written written;
    try (TensorSource source = Inspector.open(path, name)) {
      written =
          raw
              ? TensorExtract.raw(source, name, target, faults)
              : TensorExtract.asFloat32(source, name, target, faults);
    }
    if (output.json) {
      ObjectNode result = Json.object().put("path", path.toString()).put("tensor", name);
      result.put("out", target.toString()).put("dtype", written.dtype());
      ArrayNode shape = result.putArray("shape");
      Arrays.stream(written.shape()).forEach(shape::add);
      System.out.println(Json.text(result.put("bytes", written.bytes())));
    } else {
      System.out.println(
          target + ": " + name + " " + written.dtype() + Arrays.toString(written.shape()));
    }
  }

  private int list() {
    ArrayNode files = Json.object().putArray("files");
    boolean ok = true;
    for (Path path : paths) {
      Inspection found = inspect(path);
      Loading loading = Loading.of(found);
      ok &= found.ok();
      if (output.json) {
        files.add(InspectJson.of(path, found, loading));
      } else {
        InspectTable.print(System.out, path, found, loading);
      }
      NacelleException failure = found.failure();
      if (failure != null) {
        System.err.println(
            "nacelle: "
                + failure.getMessage()
                + (failure.hint() == null ? "" : "\n  " + failure.hint()));
        if (output.verbose) {
          failure.printStackTrace(System.err);
        }
      }
    }
    if (output.json) {
      ObjectNode all = Json.object();
      all.set("files", files);
      System.out.println(Json.text(all));
    }
    return ok ? 0 : NacelleException.Kind.INPUT.exitCode();
  }

  /** A name that is not in the cache is an entry like any other that is not there. */
  private static Inspection inspect(Path path) {
    try {
      return Inspector.inspect(Names.model(path));
    } catch (NacelleException e) {
      return new Inspection(path, null, List.of(), Json.object(), List.of(), e);
    }
  }
}
