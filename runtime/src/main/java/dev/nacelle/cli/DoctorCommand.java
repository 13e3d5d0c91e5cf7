package dev.nacelle.cli;

import dev.nacelle.NacelleException;
import dev.nacelle.devices.DeviceFiles;
import dev.nacelle.devices.profile.Profiles;
import dev.nacelle.kernels.cpu.Settings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code ./nacelle doctor}. */
@Command(
    name = "doctor",
    mixinStandardHelpOptions = true,
    description = {
      "Says what this machine is, which libraries were found where, and what is missing, each"
          + " fault",
      "with the command that mends it."
    },
    footer = {
      "",
      "--json prints profile, machine, memory, software, power_mode, gpu, cpu, libraries, faults"
          + " and",
      "unread; what is not known is null. A fault that keeps ./nacelle finetune from running is",
      "marked as such.",
      "",
      "Exit codes: 0 the main job can run here, 1 unexpected failure, 2 wrong usage, 3 --root is"
          + " not",
      "there or --profile no profile, 5 the main job cannot run here. With --root 0 or 3.",
      "",
      "Examples:",
      "  ./nacelle doctor",
      "  ./nacelle doctor --json",
      "  ./nacelle doctor --root recorded/orin-nano",
      "  ./nacelle doctor --profile my-carrier.yaml",
    })
final class DoctorCommand implements Callable<Integer> {
  @Option(
      names = "--root",
      paramLabel = "DIR",
      description = "Read a recorded tree of /proc, /sys and /etc instead of this machine.")
  private @Nullable Path root;

  @Option(
      names = "--profile",
      paramLabel = "FILE",
      description = "Recognise a device profile of one's own too; see ./nacelle devices.")
  private @Nullable Path profile;

  @Mixin private OutputFlags output = new OutputFlags();

  @Override
  public Integer call() {
    Path recorded = root;
    if (recorded != null && !Files.isDirectory(recorded)) {
      throw NacelleException.input(
          "--root " + recorded + (Files.exists(recorded) ? " is no folder" : " is not there"),
          "name a folder that holds proc, sys and etc of a machine");
    }
    Profiles profiles = DevicesCommand.profiles(profile);
    Diagnosis diagnosis =
        recorded == null
            ? Diagnosis.ofThisMachine(Settings.cacheFolder(), profiles)
            : Diagnosis.ofRecording(new DeviceFiles(recorded), profiles);
    if (output.json) {
      System.out.println(Json.text(DoctorJson.of(diagnosis)));
    } else {
      DoctorText.print(System.out, diagnosis);
    }
    return recorded == null && diagnosis.blocked()
        ? NacelleException.Kind.ENVIRONMENT.exitCode()
        : 0;
  }
}
