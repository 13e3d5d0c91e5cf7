package dev.nacelle.cli;

import dev.nacelle.NacelleException;
import dev.nacelle.memory.technique.MeasuredJson;
import dev.nacelle.memory.technique.Technique;
import dev.nacelle.memory.technique.Techniques;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code ./nacelle strategies}. */
@Command(
    name = "strategies",
    mixinStandardHelpOptions = true,
    description = {
      "Lists the techniques that save memory: what each does, how many bytes it leaves, whether it",
      "is exact, what it costs and where it does not help; and what was measured of it."
    },
    footer = {
      "",
      "--json prints {\"letters\",\"strategies\":[…],\"pairs\":[…],\"measured_on\":{…}}; each"
          + " strategy has id,",
      "principle, how, law, exact, exactness, cost, limitation, networks, chosen_by, source and",
      "measured: [{network, setting, acts_on, bytes_without, bytes_with, slowdown, …}].",
      "",
      "Exit codes: 0 done, 1 unexpected failure, 2 wrong usage or no such technique.",
      "",
      "Examples:",
      "  ./nacelle strategies",
      "  ./nacelle strategies recompute-block",
      "  ./nacelle strategies --json",
    })
final class StrategiesCommand implements Callable<Integer> {
  @Parameters(arity = "0..1", paramLabel = "NAME", description = "Show one technique alone.")
  private @Nullable String name;

  @Mixin private OutputFlags output = new OutputFlags();

  @Override
  public Integer call() {
    List<Technique> shown = shown(name);
    var measured = MeasuredJson.builtIn();
    if (output.json) {
      System.out.println(Json.text(StrategiesJson.of(shown, measured)));
    } else {
      StrategiesText text = new StrategiesText(System.out, measured);
      text.list(shown);
      if (name == null) {
        text.pairs();
        text.provenance();
      }
    }
    return 0;
  }

  private static List<Technique> shown(@Nullable String id) {
    if (id == null) {
      return Techniques.all();
    }
    return List.of(
        Techniques.find(id)
            .orElseThrow(
                () ->
                    NacelleException.usage(
                        "there is no technique " + id,
                        "one of "
                            + Techniques.all().stream()
                                .map(Technique::id)
                                .collect(Collectors.joining(", ")))));
  }
}
