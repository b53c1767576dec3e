using System;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Runtime.Serialization.Json;
using System.Text;
using System.Text.RegularExpressions;
using System.Threading.Tasks;
using System.Xml;
using System.Xml.Linq;

/// <summary>Asks whether API_KEY, which came with a request, is good and grants a permission.</summary>
static class VerifyKey
{
    static int Main() => Ask().GetAwaiter().GetResult();

    static async Task<int> Ask()
    {
        var key = Environment.GetEnvironmentVariable("API_KEY");
        // Anything else is no key, and might break out of the JSON.
        if (!Regex.IsMatch(key, @"\A[A-Za-z0-9_:-]+\z"))
        {
            Console.Error.WriteLine("refused: MALFORMED");
            return 1;
        }
        using (var client = new HttpClient { Timeout = TimeSpan.FromSeconds(10) })
        {
            client.DefaultRequestHeaders.Authorization =
                new AuthenticationHeaderValue("Bearer", Environment.GetEnvironmentVariable("KEYBEARER_TOKEN"));
            var question = $@"{{""key"": ""{key}"", ""any_of"": [""shop:orders.read""]}}";
            var url = Environment.GetEnvironmentVariable("KEYBEARER_URL") + "/v1/verify";
            var response = await client.PostAsync(url, new StringContent(question, Encoding.UTF8, "application/json"));
            if (!response.IsSuccessStatusCode)
            {
                Console.Error.WriteLine($"Keybearer answered {(int)response.StatusCode}: {await response.Content.ReadAsStringAsync()}");
                return 1;
            }
            var body = await response.Content.ReadAsByteArrayAsync();
            var verdict = XElement.Load(JsonReaderWriterFactory.CreateJsonReader(body, XmlDictionaryReaderQuotas.Max));
            if (verdict.Element("valid").Value != "true")
            {
                Console.Error.WriteLine($"refused: {verdict.Element("code").Value}");
                return 1;
            }
            Console.WriteLine("valid");
            return 0;
        }
    }
}
