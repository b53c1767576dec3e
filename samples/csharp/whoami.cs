using System;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Threading.Tasks;

/// <summary>Asks what the credential is and may do.</summary>
static class WhoAmI
{
    static int Main() => Ask().GetAwaiter().GetResult();

    static async Task<int> Ask()
    {
        using (var client = new HttpClient { Timeout = TimeSpan.FromSeconds(10) })
        {
            client.DefaultRequestHeaders.Authorization =
                new AuthenticationHeaderValue("Bearer", Environment.GetEnvironmentVariable("KEYBEARER_TOKEN"));
            var url = Environment.GetEnvironmentVariable("KEYBEARER_URL") + "/v1/whoami";
            var response = await client.GetAsync(url);
            var answer = await response.Content.ReadAsStringAsync();
            if (!response.IsSuccessStatusCode)
            {
                Console.Error.WriteLine($"Keybearer answered {(int)response.StatusCode}: {answer}");
                return 1;
            }
            Console.WriteLine(answer);
            return 0;
        }
    }
}
