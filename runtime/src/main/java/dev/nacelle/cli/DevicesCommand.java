package dev.nacelle.cli;

import dev.nacelle.NacelleException;
import dev.nacelle.devices.profile.DeviceProfile;
import dev.nacelle.devices.profile.ProfileException;
import dev.nacelle.devices.profile.Profiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code ./nacelle devices}. */
@Command(
    name = "devices",
    mixinStandardHelpOptions = true,
    description = {
      "Lists the device profiles, or shows one with the source of every number. A profile says what"
          + " a",
      "board or GPU has; plans for machines that are not at hand are made from it."
    },
    footer = {
      "",
      "--json prints {\"devices\":[…]}, each with id, name, memory_bytes, unified,"
          + " compute_capability",
      "and modes; with NAME or --profile one, its numbers as {\"value\",\"source\"}.",
      "",
      "Exit codes: 0 done, 1 unexpected failure, 2 wrong usage or no such profile, 3 FILE is not"
          + " there",
      "or no profile: the message says the line.",
      "",
      "Examples:",
      "  ./nacelle devices",
      "  ./nacelle devices jetson-orin-nano-8gb",
      "  ./nacelle devices --profile my-carrier.yaml --json",
    })
final class DevicesCommand implements Callable<Integer> {
  @Parameters(
      arity = "0..1",
      paramLabel = "NAME",
      description = "The id of a profile, or ID:MODE with a power mode by its number or name.")
  private @Nullable String name;

  @Option(
      names = "--profile",
      paramLabel = "FILE",
      description = "Read a profile of one's own; it replaces one of the same id.")
  private @Nullable Path file;

  @Mixin private OutputFlags output = new OutputFlags();

  @Override
  public Integer call() {
    Profiles profiles = profiles(file);
    DeviceProfile own = profiles.own();
    String asked = name == null && own != null ? own.id() : name;
    if (asked != null) {
      try {
        DeviceProfile one = profiles.choose(asked).profile();
        if (output.json) {
          System.out.println(Json.text(DevicesJson.one(one)));
        } else {
          DevicesText.one(System.out, one, profiles.choose(asked));
        }
      } catch (ProfileException e) {
        throw NacelleException.usage(e.getMessage(), "./nacelle devices lists the profiles");
      }
      return 0;
    }
    List<DeviceProfile> all = profiles.all();
    if (output.json) {
      System.out.println(Json.text(DevicesJson.list(all)));
    } else {
      DevicesText.list(System.out, all);
    }
    return 0;
  }

  /**
   * What comes with Nacelle, and a file of the user's own where there is one, the last then.
   *
   * @throws NacelleException of kind INPUT where the file is not there or no profile
   */
  static Profiles profiles(@Nullable Path own) {
    Profiles builtIn = Profiles.builtIn();
    if (own == null) {
      return builtIn;
    }
    try {
      return builtIn.with(own);
    } catch (ProfileException e) {
      throw NacelleException.input(
          "--profile " + e.getMessage(), "docs/reference/device-profiles.md has the format");
    } catch (IOException e) {
      throw NacelleException.input(
          "--profile "
              + own
              + (Files.exists(own) ? " cannot be read (" + e + ")" : " is not there"),
          "name a file; docs/reference/device-profiles.md has the format");
    }
  }
}
