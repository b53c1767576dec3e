using System;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Runtime.Serialization.Json;
using System.Text;
using System.Threading.Tasks;
using System.Xml;
using System.Xml.Linq;

/// <summary>Creates a key with the policy POLICY_ID. Prints its token, which is never shown again.</summary>
static class CreateKey
{
    static int Main() => Create().GetAwaiter().GetResult();

    static async Task<int> Create()
    {
        using (var client = new HttpClient { Timeout = TimeSpan.FromSeconds(10) })
        {
            client.DefaultRequestHeaders.Authorization =
                new AuthenticationHeaderValue("Bearer", Environment.GetEnvironmentVariable("KEYBEARER_TOKEN"));
            var policy = Environment.GetEnvironmentVariable("POLICY_ID");
            var key = $@"{{""name"": ""front desk 2"", ""policy_id"": ""{policy}"", ""expires_in"": 2592000}}";
            var url = Environment.GetEnvironmentVariable("KEYBEARER_URL") + "/v1/keys";
            var response = await client.PostAsync(url, new StringContent(key, Encoding.UTF8, "application/json"));
            if (!response.IsSuccessStatusCode)
            {
                Console.Error.WriteLine($"Keybearer answered {(int)response.StatusCode}: {await response.Content.ReadAsStringAsync()}");
                return 1;
            }
            var body = await response.Content.ReadAsByteArrayAsync();
            var json = XElement.Load(JsonReaderWriterFactory.CreateJsonReader(body, XmlDictionaryReaderQuotas.Max));
            Console.WriteLine(json.Element("token").Value);
            return 0;
        }
    }
}
