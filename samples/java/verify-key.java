import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;

/** Asks whether API_KEY, which came with a request, is good and grants a permission. */
class VerifyKey {
    public static void main(String[] arguments) throws Exception {
        var key = System.getenv("API_KEY");
        // Anything else is no key, and might break out of the JSON.
        if (!key.matches("[A-Za-z0-9_:-]+")) {
            System.err.println("refused: MALFORMED");
            System.exit(1);
        }
        var question = """
            {"key": "%s", "any_of": ["shop:orders.read"]}""".formatted(key);
        var request = HttpRequest.newBuilder(URI.create(System.getenv("KEYBEARER_URL") + "/v1/verify"))
            .header("Authorization", "Bearer " + System.getenv("KEYBEARER_TOKEN"))
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString(question))
            .timeout(Duration.ofSeconds(10))
            .build();
        var response = HttpClient.newHttpClient().send(request, BodyHandlers.ofString());
        // The verdict comes first. Further on, the metadata of the key could hold the same words.
        if (response.statusCode() != 200 || !response.body().startsWith("{\"valid\":true,")) {
            System.err.println("refused: " + response.statusCode() + " " + response.body());
            System.exit(1);
        }
        System.out.println("valid");
    }
}
