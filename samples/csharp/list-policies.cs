using System;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Runtime.Serialization.Json;
using System.Threading.Tasks;
using System.Xml;
using System.Xml.Linq;

/// <summary>Lists the policies that a key can be given.</summary>
static class ListPolicies
{
    static int Main() => Ask().GetAwaiter().GetResult();

    static async Task<int> Ask()
    {
        using (var client = new HttpClient { Timeout = TimeSpan.FromSeconds(10) })
        {
            client.DefaultRequestHeaders.Authorization =
                new AuthenticationHeaderValue("Bearer", Environment.GetEnvironmentVariable("KEYBEARER_TOKEN"));
            var url = Environment.GetEnvironmentVariable("KEYBEARER_URL") + "/v1/policies?limit=200";
            var response = await client.GetAsync(url);
            if (!response.IsSuccessStatusCode)
            {
                Console.Error.WriteLine($"Keybearer answered {(int)response.StatusCode}: {await response.Content.ReadAsStringAsync()}");
                return 1;
            }
            var body = await response.Content.ReadAsByteArrayAsync();
            var json = XElement.Load(JsonReaderWriterFactory.CreateJsonReader(body, XmlDictionaryReaderQuotas.Max));
            foreach (var policy in json.Element("items").Elements())
                Console.WriteLine($"{policy.Element("id").Value} {policy.Element("name").Value}");
            return 0;
        }
    }
}
