package dev.nacelle.file.pull;

import dev.nacelle.NacelleException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** One pull from a hub: which files, how large, are they there, bring them. */
final class HubPull {
  private final HubStore store;
  private final HubHttp http;
  private final HubName name;
  private final PullListener listener;

  HubPull(HubStore store, HubHttp http, HubName name, PullListener listener) {
    this.store = store;
    this.http = http;
    this.name = name;
    this.listener = listener;
  }

  /** What came. */
  record Result(HubStore.Held held, long downloaded) {}

  /** Brings the model; the caller holds the repository's lock. */
  Result run() throws IOException {
    HubListing listing = HubListing.ask(http, name, listener);
    Path folder = store.folder(name, listing.commit());
    Files.createDirectories(folder);
    List<HubFile> brought = new ArrayList<>();
    long came;
    if (name.file() == null) {
      came = bring(listing, HubSelection.small(name, listing), brought);
      came += bring(listing, HubSelection.weights(name, listing, folder), brought);
      if (!listing.files().containsKey("tokenizer.json")) {
        listener.note(
            name.id() + " has no tokenizer.json, which Nacelle needs for text; weights are there");
      }
    } else {
      came = bring(listing, List.of(HubSelection.gguf(name, listing)), brought);
    }
    store.keep(name, listing, brought);
    CacheFiles.removeQuietly(folder.resolve(CacheFiles.INCOMING));
    HubStore.Held held =
        store
            .find(name, listing.commit())
            .orElseThrow(() -> new IOException("the files went away while they were brought"));
    return new Result(held, came);
  }

  /** Brings files of one revision; those that are there are left. Bytes that came. */
  private long bring(HubListing listing, List<String> names, List<HubFile> brought)
      throws IOException {
    Path folder = store.folder(name, listing.commit());
    Path incoming = folder.resolve(CacheFiles.INCOMING);
    List<Wanted> wanted = new ArrayList<>();
    long missing = 0;
    for (String file : names) {
      Wanted one = describe(listing, file);
      brought.add(one.file);
      Path target = folder.resolve(file);
      // A file gets its name only when it was found right.
      if (!Files.isRegularFile(target)
          || (one.file.bytes() >= 0 && Files.size(target) != one.file.bytes())) {
        wanted.add(one);
        Path part = incoming.resolve(file);
        missing += Math.max(0, one.file.bytes() - (Files.exists(part) ? Files.size(part) : 0));
      }
    }
    CacheFiles.requireSpace(folder, name.toString(), missing);
    HubDownload download = new HubDownload(http, name.id(), listener);
    long came = 0;
    for (Wanted one : wanted) {
      String file = one.file.name();
      came += download.fetch(one.file, one.address, incoming.resolve(file), folder.resolve(file));
    }
    return came;
  }

  private record Wanted(HubFile file, URI address) {}

  /** Length and digest of a file, and where it is, as the hub's headers say. */
  private Wanted describe(HubListing listing, String file) {
    HubFile listed = listing.files().get(file);
    if (listed == null) {
      throw new IllegalArgumentException(file);
    }
    Attempts attempts = new Attempts(file, http.settings(), listener);
    String revision = listing.commit();
    String method = "HEAD";
    while (true) {
      URI address = http.addresses().content(name, revision, file);
      String retryAfter = null;
      IOException cause = null;
      String why;
      try (HubAnswer answer = http.ask(method, address, 0)) {
        int status = answer.status();
        if (status == 200) {
          return new Wanted(merge(listed, answer), address);
        }
        if ((status == 405 || status == 501) && method.equals("HEAD")) {
          // A server without HEAD: the headers of its content say the same.
          method = "GET";
          continue;
        }
        if (status == 404 && !revision.equals(name.revision())) {
          // A mirror that knows branches alone.
          revision = name.revision();
          continue;
        }
        if (!Attempts.isPassing(status)) {
          throw http.refusal(
              answer, file + " of " + name.id(), "the repository changed; pull it again");
        }
        why = "HTTP " + status;
        retryAfter = answer.header("Retry-After");
      } catch (IOException e) {
        cause = e;
        why = HubDownload.reason(e);
      }
      attempts.failed(why, retryAfter, cause);
    }
  }

  /** What stands behind a redirection is promised by the hub's own headers before any other. */
  private static HubFile merge(HubFile listed, HubAnswer answer) {
    long linked = answer.linked().firstValueAsLong("X-Linked-Size").orElse(-1);
    long bytes = linked >= 0 ? linked : listed.bytes() >= 0 ? listed.bytes() : answer.fileBytes();
    String digest = HubFile.digestOf(answer.linked().firstValue("X-Linked-Etag").orElse(null));
    if (digest == null) {
      digest = listed.digest() != null ? listed.digest() : answer.digest();
    }
    return new HubFile(listed.name(), bytes, digest);
  }

  /** Refuses what the user forbade. */
  static void requireOnline(UnaryOperator<@Nullable String> environment, HubName name) {
    String offline = environment.apply("HF_HUB_OFFLINE");
    if (offline != null && offline.matches("(?i)1|on|yes|true")) {
      throw NacelleException.environment(
          name + " is in no cache, and HF_HUB_OFFLINE forbids the network",
          "unset HF_HUB_OFFLINE and pull again",
          null);
    }
  }
}
