package dev.nacelle.file.pull;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nacelle.NacelleException;
import dev.nacelle.file.Quoted;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the hub says of a repository at a revision.
 *
 * @param commit the commit that the revision is now
 * @param files its files by name, with length and digest where the hub gives them here
 * @param license as the repository states it; null where it states none
 */
record HubListing(String commit, Map<String, HubFile> files, @Nullable String license) {
  private static final int LONGEST = 32 << 20;
  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * Asks the hub.
   *
   * @throws NacelleException of kind INPUT where there is no such repository or the answer makes no
   *     sense, of kind ENVIRONMENT where the hub cannot be reached or refuses
   */
  static HubListing ask(HubHttp http, HubName name, PullListener listener) {
    Attempts attempts =
        new Attempts("the list of files of " + name.id(), http.settings(), listener);
    while (true) {
      String retryAfter = null;
      IOException cause = null;
      String why;
      try (HubAnswer answer = http.ask("GET", http.addresses().listing(name), 0)) {
        if (answer.status() == 200) {
          return parse(name, read(http, answer));
        }
        if (!Attempts.isPassing(answer.status())) {
          throw http.refusal(
              answer,
              "model " + name.id() + " at revision " + name.revision(),
              "check organisation, repository and revision; "
                  + HubSettings.ENDPOINT
                  + " is another hub's address where it is set");
        }
        why = "HTTP " + answer.status();
        retryAfter = answer.header("Retry-After");
      } catch (IOException e) {
        cause = e;
        why =
            "no answer from "
                + HubAddresses.shown(http.addresses().listing(name))
                + " ("
                + HubDownload.reason(e)
                + ")";
      }
      attempts.failed(why, retryAfter, cause);
    }
  }

  private static byte[] read(HubHttp http, HubAnswer answer) throws IOException {
    try (StallGuard guard = new StallGuard(answer.body(), http.settings().patience())) {
      byte[] bytes = answer.body().readNBytes(LONGEST + 1);
      if (guard.stalled()) {
        throw http.silent();
      }
      return bytes;
    }
  }

  /** Reads the answer; its names are checked before anything is made of them. */
  static HubListing parse(HubName name, byte[] text) {
    JsonNode root;
    try {
      root = text.length > LONGEST ? null : JSON.readTree(text);
    } catch (JsonProcessingException e) {
      throw malformed(name, "it is no JSON");
    } catch (IOException e) {
      throw malformed(name, "it is no text");
    }
    if (root == null || !root.isObject() || !root.path("siblings").isArray()) {
      throw malformed(name, "it has no list of files");
    }
    String commit = root.path("sha").asText("");
    if (!HubStore.isCommit(commit)) {
      throw malformed(name, "it names no commit");
    }
    Map<String, HubFile> files = new LinkedHashMap<>();
    for (JsonNode file : root.path("siblings")) {
      String path = file.path("rfilename").asText("");
      if (!HubFile.isSafe(path)) {
        throw malformed(
            name, "the file name " + Quoted.name(path) + " leads out of the repository");
      }
      JsonNode large = file.path("lfs");
      String digest =
          HubFile.digestOf(
              large.isObject()
                  ? large.path("sha256").asText(large.path("oid").asText(""))
                  : file.path("blobId").asText(""));
      long bytes = file.path("size").asLong(large.path("size").asLong(-1));
      files.put(path, new HubFile(path, bytes, digest));
    }
    JsonNode license = root.path("cardData").path("license");
    return new HubListing(commit, files, license.isTextual() ? license.textValue() : null);
  }

  private static NacelleException malformed(HubName name, String why) {
    return NacelleException.input(
        "the hub's description of " + name.id() + " cannot be used: " + why,
        "look at " + HubSettings.ENDPOINT + ": is it a model hub?");
  }

  /** The GGUF files, for a message. */
  List<String> ggufs() {
    return files.keySet().stream().filter(f -> f.endsWith(".gguf")).sorted().toList();
  }
}
