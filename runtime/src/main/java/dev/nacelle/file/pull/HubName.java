package dev.nacelle.file.pull;

import dev.nacelle.NacelleException;
import dev.nacelle.file.Quoted;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A model on a hub, written {@code hf:ORG/REPO[@REV][:FILE.gguf]}.
 *
 * @param organisation who publishes it
 * @param repository its name there
 * @param revision a branch, a tag or a commit; {@code main} where none was written
 * @param file the one GGUF file that is meant; null for the folder of safetensors
 */
public record HubName(
    String organisation, String repository, String revision, @Nullable String file) {
  /** What such a name begins with. */
  public static final String PREFIX = "hf:";

  private static final Pattern FORM = Pattern.compile("([^/@:]+)/([^/@:]+)(?:@([^:]+))?(?::(.+))?");
  private static final Pattern PART = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._-]{0,95}");
  private static final Pattern REVISION = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._/+-]{0,199}");

  /** Whether the text means a model on a hub. */
  public static boolean isOne(String text) {
    return text.startsWith(PREFIX);
  }

  /**
   * Takes a name apart.
   *
   * @throws NacelleException of kind USAGE where it has another form
   */
  public static HubName parse(String text) {
    Matcher m = FORM.matcher(text.startsWith(PREFIX) ? text.substring(PREFIX.length()) : "");
    if (!m.matches()) {
      throw refuse(text, "it is not of the form hf:ORG/REPO, hf:ORG/REPO@REVISION or …:FILE.gguf");
    }
    String organisation = String.valueOf(m.group(1));
    String repository = String.valueOf(m.group(2));
    String revision = m.group(3) == null ? "main" : m.group(3);
    String file = m.group(4);
    if (!isPart(organisation) || !isPart(repository)) {
      throw refuse(text, "a hub has no such repository names");
    }
    if (!REVISION.matcher(revision).matches()
        || revision.contains("..")
        || revision.contains("//")
        || revision.endsWith("/")) {
      throw refuse(text, "no branch, tag or commit is called " + Quoted.name(revision));
    }
    if (file != null && (!file.endsWith(".gguf") || !HubFile.isSafe(file))) {
      throw refuse(text, "behind the last colon stands a .gguf file of the repository");
    }
    return new HubName(organisation, repository, revision, file);
  }

  private static boolean isPart(String text) {
    return PART.matcher(text).matches() && !text.contains("..") && !text.contains("--");
  }

  private static NacelleException refuse(String text, String why) {
    return NacelleException.usage(
        Quoted.name(text) + " names no model: " + why, "write hf:ORG/REPO, hf:ORG/REPO@v1.0 say");
  }

  /** {@code ORG/REPO}. */
  public String id() {
    return organisation + "/" + repository;
  }

  /** One word that no other repository has: the organisation's name holds no two dashes. */
  String folder() {
    return organisation + "--" + repository;
  }

  /** Whether the revision can only be a commit, which never changes. */
  boolean isCommit() {
    return revision.matches("[0-9a-f]{40}|[0-9a-f]{64}");
  }

  @Override
  public String toString() {
    return PREFIX
        + id()
        + (revision.equals("main") ? "" : "@" + revision)
        + (file == null ? "" : ":" + file);
  }
}
