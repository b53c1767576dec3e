import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;

/** Creates a key with the policy POLICY_ID. The answer holds its token, which is never shown again. */
class CreateKey {
    public static void main(String[] arguments) throws Exception {
        var key = """
            {"name": "front desk 2", "policy_id": "%s", "expires_in": 2592000}""".formatted(System.getenv("POLICY_ID"));
        var request = HttpRequest.newBuilder(URI.create(System.getenv("KEYBEARER_URL") + "/v1/keys"))
            .header("Authorization", "Bearer " + System.getenv("KEYBEARER_TOKEN"))
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString(key))
            .timeout(Duration.ofSeconds(10))
            .build();
        var response = HttpClient.newHttpClient().send(request, BodyHandlers.ofString());
        if (response.statusCode() != 201) {
            System.err.println("Keybearer answered " + response.statusCode() + ": " + response.body());
            System.exit(1);
        }
        System.out.println(response.body());
    }
}
