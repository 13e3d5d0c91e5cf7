package dev.nacelle.file.pull;

import dev.nacelle.NacelleException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Requests to the hub and to where it redirects. Redirections are followed here and not by the
 * client, which would take the token along to another host.
 */
final class HubHttp implements AutoCloseable {
  private static final int MOST_REDIRECTIONS = 10;
  private static final Set<Integer> REDIRECTIONS = Set.of(301, 302, 303, 307, 308);

  private final HubSettings settings;
  private final HubAddresses addresses;
  private final HttpClient client;

  HubHttp(HubSettings settings) {
    this.settings = settings;
    this.addresses = new HubAddresses(settings.endpoint());
    this.client =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(settings.patience())
            .build();
  }

  HubAddresses addresses() {
    return addresses;
  }

  HubSettings settings() {
    return settings;
  }

  /**
   * Asks once.
   *
   * @param offset first byte that is wanted; 0 for all
   * @return the last answer, whatever its status
   * @throws IOException where the connection fails or the server is silent
   */
  HubAnswer ask(String method, URI address, long offset) throws IOException {
    URI at = address;
    HttpHeaders first = null;
    for (int hop = 0; hop <= MOST_REDIRECTIONS; hop++) {
      HttpResponse<InputStream> response = send(request(method, at, offset));
      first = first == null ? response.headers() : first;
      String location = response.headers().firstValue("Location").orElse(null);
      if (!REDIRECTIONS.contains(response.statusCode()) || location == null) {
        return new HubAnswer(response.statusCode(), response.headers(), first, at, response.body());
      }
      response.body().close();
      at = follow(at, location);
    }
    throw NacelleException.environment(
        HubAddresses.shown(address) + " redirects more than " + MOST_REDIRECTIONS + " times",
        "look at " + HubSettings.ENDPOINT,
        null);
  }

  private static URI follow(URI from, String location) {
    try {
      URI to = from.resolve(location);
      boolean secure = "https".equalsIgnoreCase(to.getScheme());
      boolean plain = "http".equalsIgnoreCase(to.getScheme());
      if (to.getHost() != null
          && (secure || (plain && !"https".equalsIgnoreCase(from.getScheme())))) {
        return to;
      }
    } catch (IllegalArgumentException e) {
      throw badRedirection(from);
    }
    throw badRedirection(from);
  }

  private static NacelleException badRedirection(URI from) {
    return NacelleException.environment(
        HubAddresses.shown(from) + " redirects to an address that is not followed",
        "http and https addresses are followed, and none from https to http",
        null);
  }

  private HttpRequest request(String method, URI address, long offset) {
    HttpRequest.Builder builder =
        HttpRequest.newBuilder(address)
            .method(method, HttpRequest.BodyPublishers.noBody())
            .header("User-Agent", "nacelle")
            // A packed body would have another length and other offsets than the file.
            .header("Accept-Encoding", "identity");
    if (offset > 0) {
      builder.header("Range", "bytes=" + offset + "-");
    }
    String token = settings.token();
    if (token != null && addresses.isOurs(address)) {
      builder.header("Authorization", "Bearer " + token);
    }
    return builder.build();
  }

  private HttpResponse<InputStream> send(HttpRequest request) throws IOException {
    CompletableFuture<HttpResponse<InputStream>> answer =
        client.sendAsync(request, HttpResponse.BodyHandlers.ofInputStream());
    try {
      return answer.get(settings.patience().toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      answer.cancel(true);
      throw silent();
    } catch (ExecutionException e) {
      throw e.getCause() instanceof IOException io ? io : new IOException(e.getCause());
    } catch (InterruptedException e) {
      answer.cancel(true);
      Thread.currentThread().interrupt();
      throw NacelleException.environment("the pull was interrupted", null, e);
    }
  }

  /** The failure of a server that says nothing any more. */
  IOException silent() {
    return new IOException(
        "the server was silent for "
            + settings.patience().toMillis() / 1000.0
            + " s ("
            + HubSettings.TIMEOUT
            + " sets how long it may be)");
  }

  /** What an answer that brings nothing means to the user; for a status that ends the pull. */
  NacelleException refusal(HubAnswer answer, String what, @Nullable String missingHint) {
    String from = " (" + HubAddresses.shown(answer.address()) + ")";
    int status = answer.status();
    return switch (status) {
      case 401, 403 ->
          NacelleException.environment(
              "the hub refuses access to " + what + ", HTTP " + status + from,
              settings.token() == null
                  ? "check the name; a private or gated model needs "
                      + HubSettings.TOKEN
                      + " set to a token, and its terms accepted on the hub"
                  : "check the name, that "
                      + HubSettings.TOKEN
                      + " is a valid token, and that its owner accepted the model's terms on the hub",
              null);
      case 404, 410 ->
          NacelleException.input("the hub has no " + what + ", HTTP " + status + from, missingHint);
      default ->
          NacelleException.environment(
              "the hub answers HTTP " + status + " when asked for " + what + from,
              "try again later, or look at " + HubSettings.ENDPOINT,
              null);
    };
  }

  @Override
  public void close() {
    client.shutdownNow();
  }
}
