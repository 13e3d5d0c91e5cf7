package dev.nacelle.cli;

import dev.nacelle.devices.Machine;
import dev.nacelle.devices.profile.DeviceProfile;
import dev.nacelle.devices.profile.Profiles;
import dev.nacelle.devices.recognition.Recognised;
import java.util.List;

/** What does not agree between a machine and the table of devices. Nothing of it is in the way. */
final class RecognitionFaults {
  private static final String OWN =
      "write a profile of your own, see docs/reference/device-profiles.md; until then the machine's"
          + " own values are taken";

  private RecognitionFaults() {}

  static void of(Recognised recognised, Machine machine, List<Diagnosis.Fault> faults) {
    DeviceProfile profile = recognised.profile();
    if (profile.id().equals(Profiles.GENERIC_JETSON) || profile.id().equals(Profiles.GENERIC_GPU)) {
      faults.add(
          new Diagnosis.Fault(
              "no device profile names this "
                  + (profile.kind() == DeviceProfile.Kind.GPU ? "GPU" : "board")
                  + " ("
                  + recognised.ruleFile()
                  + ": "
                  + recognised.ruleValue()
                  + ")",
              OWN,
              false));
    }
    for (String contradiction : recognised.contradictions()) {
      boolean settled = recognised.rule() == Recognised.Rule.P_NUMBER_AND_MEMORY;
      faults.add(
          new Diagnosis.Fault(
              contradiction,
              settled ? "nothing: " + profile.id() + ", which fits, was taken instead" : OWN,
              false));
    }
    if (profile.kind() == DeviceProfile.Kind.GPU && machine.gpu() == null) {
      faults.add(
          new Diagnosis.Fault(
              "the GPU " + recognised.ruleValue() + " is there, and NVIDIA's driver is not loaded",
              "ubuntu-drivers install, or start the container with --gpus all",
              false));
    }
  }
}
