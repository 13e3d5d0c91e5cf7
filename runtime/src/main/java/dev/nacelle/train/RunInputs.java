package dev.nacelle.train;

import dev.nacelle.NacelleException;
import dev.nacelle.file.ContentHash;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Hashes of all that a run reads: what a resumed run must find unchanged.
 *
 * @param model file name → hash
 * @param data of each file of the training data, in their order
 * @param evalData of each file of the held-out data
 */
record RunInputs(Map<String, String> model, List<String> data, List<String> evalData) {
  /** Hashes a model's files; what the cancellation asks ends that too. */
  static Map<String, String> model(BaseModel base, Cancellation cancellation) {
    Map<String, String> hashes = new LinkedHashMap<>();
    for (Path file : base.files()) {
      hashes.put(String.valueOf(file.getFileName()), ContentHash.of(file, cancellation::check));
    }
    return hashes;
  }

  /**
   * @throws NacelleException of kind INPUT, naming the file that changed
   */
  void requireModel(Map<String, String> now, Path path) {
    for (String file : model.keySet()) {
      if (!model.get(file).equals(now.get(file))) {
        throw changed("--model " + path, file + (now.containsKey(file) ? "" : ", which is gone,"));
      }
    }
    for (String file : now.keySet()) {
      if (!model.containsKey(file)) {
        throw changed("--model " + path, file + ", which was not there,");
      }
    }
  }

  /**
   * @throws NacelleException of kind INPUT, naming the file that changed
   */
  void requireData(RunInputs now, FinetuneOptions options) {
    require("--data", data, now.data, options.data().files());
    require("--eval-data", evalData, now.evalData, options.evaluation().data());
  }

  private static void require(
      String flag, List<String> before, List<String> now, List<Path> files) {
    if (before.size() != now.size()) {
      throw changed(flag, "the number of files");
    }
    for (int i = 0; i < before.size(); i++) {
      if (!before.get(i).equals(now.get(i))) {
        throw changed(flag, files.get(i).toString());
      }
    }
  }

  private static NacelleException changed(String flag, String what) {
    return NacelleException.input(
        flag + ": " + what + " differs in content from what the checkpoint was trained on",
        "put back what was there, or start anew with --overwrite instead of --resume");
  }
}
