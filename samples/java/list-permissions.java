import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;

/** Lists the permissions that policies can grant. Prints the answer as it comes: Java has no JSON of its own. */
class ListPermissions {
    public static void main(String[] arguments) throws Exception {
        var request = HttpRequest.newBuilder(URI.create(System.getenv("KEYBEARER_URL") + "/v1/permissions"))
            .header("Authorization", "Bearer " + System.getenv("KEYBEARER_TOKEN"))
            .timeout(Duration.ofSeconds(10))
            .build();
        var response = HttpClient.newHttpClient().send(request, BodyHandlers.ofString());
        if (response.statusCode() != 200) {
            System.err.println("Keybearer answered " + response.statusCode() + ": " + response.body());
            System.exit(1);
        }
        System.out.println(response.body());
    }
}
