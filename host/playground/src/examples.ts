// Examples: the article's pod, and one for each finding.
import type { Input } from "./protocol";

export interface Example {
  name: string;
  /** The finding that it shows. */
  rule?: string;
  input(): Input;
}

const DAY = 86_400;

const ARTICLE = `# The pod of Azure's article on pull secrets, without its last two lines.
apiVersion: v1
kind: Pod
metadata:
  name: my-awesome-app-pod
  namespace: awesomeapps
spec:
  containers:
    - name: main-app-container
      image: myregistry.azurecr.io/my-awesome-app:v1
      imagePullPolicy: IfNotPresent
`;

const SECRETS = "mode: validate\ncluster:\n  secrets: credentials\n";
const ACCOUNTS = "mode: validate\ncluster:\n  serviceAccounts: true\n";

function pod(image: string, spec = ""): string {
  return `apiVersion: v1
kind: Pod
metadata:
  name: web
  namespace: shop
spec:
  containers:
    - name: web
      image: ${image}
${spec}`;
}

const LISTED = `  imagePullSecrets:
    - name: acr-secret
`;

const WEB = pod("contoso.azurecr.io/web:v1", LISTED);

/** A pull secret with one key, as kubectl makes it. */
function secret(key: string, username: string, password: string): string {
  const config = JSON.stringify({ auths: { [key]: { username, password } } });
  return `apiVersion: v1
kind: Secret
metadata:
  name: acr-secret
  namespace: shop
type: kubernetes.io/dockerconfigjson
stringData:
  .dockerconfigjson: '${config}'
`;
}

const PRINCIPAL = "6f1e4a52-0000-4000-8000-3d2b6c1a9e77";

/** What `az acr login --expose-token` gives, unsigned: for a registry, until a time in seconds since 1970. */
function token(exp: number): string {
  const part = (value: object): string => btoa(JSON.stringify(value)).replaceAll("=", "");
  return `${part({ alg: "RS256", typ: "JWT" })}.${part({ aud: "contoso.azurecr.io", exp, grant_type: "refresh_token" })}.c2lnbmF0dXJl`;
}

function tokenSecret(days: number): string {
  const exp = Math.floor(Date.now() / 1000) + days * DAY;
  return secret("contoso.azurecr.io", "00000000-0000-0000-0000-000000000000", token(exp));
}

/** A service principal's password, whose end only the annotation announces. */
function announcedSecret(days: number): string {
  const end = new Date(Date.now() + days * DAY * 1000).toISOString();
  const annotated = `metadata:\n  annotations:\n    acr-pull-secret/expires: "${end}"`;
  return secret("contoso.azurecr.io", PRINCIPAL, "not-a-real-password").replace("metadata:", annotated);
}

function account(extra: string): string {
  return `apiVersion: v1
kind: ServiceAccount
metadata:
  name: default
  namespace: shop
${extra}`;
}

const UPDATE = `# What the API server sends when a user changes the image of a running pod.
apiVersion: admission.k8s.io/v1
kind: AdmissionReview
request:
  uid: 0b4c7e1a-5a4e-4c43-9f2b-2f2f7b6d1c11
  operation: UPDATE
  kind: {group: "", version: v1, kind: Pod}
  namespace: shop
  object:
    apiVersion: v1
    kind: Pod
    metadata: {name: web, namespace: shop}
    spec:
      containers:
        - name: web
          image: contoso.azurecr.io/web:v2
  oldObject:
    apiVersion: v1
    kind: Pod
    metadata: {name: web, namespace: shop}
    spec:
      containers:
        - name: web
          image: docker.io/library/nginx:1.29
`;

const DEPLOYMENT = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: checkout
  namespace: shop
spec:
  replicas: 3
  selector:
    matchLabels: {app: checkout}
  template:
    metadata:
      labels: {app: checkout}
    spec:
      serviceAccountName: checkout
      initContainers:
        - name: migrate
          image: contoso.azurecr.io/checkout/migrate:2.4
      containers:
        - name: checkout
          image: contoso.azurecr.io/checkout/api:2.4
        - name: proxy
          image: docker.io/envoyproxy/envoy:v1.36.0
`;

function start(name: string, manifests: string, settings = "", cluster = ""): Example {
  return { name, input: () => ({ manifests, settings, cluster, namespace: "default", denied: false }) };
}

function finding(rule: string, manifests: string, settings = "", cluster: string | (() => string) = "", denied = false): Example {
  const input = (): Input => ({
    manifests, settings, cluster: typeof cluster === "string" ? cluster : cluster(), namespace: "default", denied,
  });
  return { name: rule, rule, input };
}

export const examples: Example[] = [
  start("the article’s pod, fixed", ARTICLE),
  start("a Deployment, its pods fixed", DEPLOYMENT),
  start(
    "two registries, two secrets",
    `${pod("contoso.azurecr.io/web:v1", "    - name: report\n      image: fabrikam.azurecr.io/report:v3\n")}`,
    `pullSecrets:
  - registries: [contoso.azurecr.io]
    namespaces: [shop, "team-*"]
    secret: contoso-pull
  - registries: ["*.azurecr.io"]
    secret: acr-secret
`,
  ),
  start("what the kubelet will do, secrets read", WEB, SECRETS, secret("contoso.azurecr.io", PRINCIPAL, "not-a-real-password")),
  finding("missing-pull-secret", pod("contoso.azurecr.io/web:v1"), "mode: validate\n"),
  finding("pull-secrets-immutable", UPDATE),
  finding(
    "secret-not-mountable",
    pod("contoso.azurecr.io/web:v1"),
    "cluster:\n  serviceAccounts: true\n",
    account('  annotations:\n    kubernetes.io/enforce-mountable-secrets: "true"\nsecrets:\n  - name: other\n'),
  ),
  finding("unlisted-registry", pod("fabrikam.azurecr.io/api:v2"), "pullSecrets:\n  - registries: [contoso.azurecr.io]\n    secret: acr-secret\n"),
  finding("secret-not-found", WEB, "mode: validate\ncluster:\n  secrets: exists\n"),
  finding("secret-wrong-type", WEB, "mode: validate\ncluster:\n  secrets: exists\n", secret("contoso.azurecr.io", PRINCIPAL, "not-a-real-password").replace("kubernetes.io/dockerconfigjson", "Opaque")),
  finding("secret-malformed", WEB, SECRETS, secret("contoso.azurecr.io", PRINCIPAL, "x").replace(/'\{.*'/, `'{"auths": '`)),
  finding("secret-without-credentials", WEB, SECRETS, secret("fabrikam.azurecr.io", PRINCIPAL, "not-a-real-password")),
  finding("secret-expired", WEB, SECRETS, () => tokenSecret(-2)),
  finding("secret-empty-password", WEB, SECRETS, secret("contoso.azurecr.io", "00000000-0000-0000-0000-000000000000", "")),
  finding("lookup-failed", WEB, SECRETS, "", true),
  finding("secret-expires-soon", WEB, SECRETS, () => announcedSecret(5)),
  finding("invalid-pull-secret-list", pod("contoso.azurecr.io/web:v1", "  imagePullSecrets: [acr-secret]\n")),
  finding("secret-suspicious-password", WEB, SECRETS, secret("contoso.azurecr.io", PRINCIPAL, "not-a-real-password ")),
  finding("secret-admin-user", WEB, SECRETS, secret("contoso.azurecr.io", "contoso", "not-a-real-password")),
  finding("secret-broad-key", secret("*.*.io", PRINCIPAL, "not-a-real-password"), SECRETS),
  finding("secret-dead-key", secret("Contoso.azurecr.io", PRINCIPAL, "not-a-real-password"), SECRETS),
  finding(
    "anonymous-pull-blocked",
    pod("contoso.azurecr.io/public/nginx:1.29", LISTED),
    `${SECRETS}pullSecrets:\n  - registries: [contoso.azurecr.io/public]\n    secretless: true\n`,
    secret("contoso.azurecr.io", PRINCIPAL, "not-a-real-password"),
  ),
  finding("empty-pull-secret-name", pod("contoso.azurecr.io/web:v1", "  imagePullSecrets:\n    - {}\n    - name: acr-secret\n")),
  finding(
    "service-account-secrets-hidden",
    pod("contoso.azurecr.io/web:v1", LISTED.replace("acr-secret", "team-registry")),
    ACCOUNTS,
    account("imagePullSecrets:\n  - name: acr-secret\n"),
  ),
  finding("registry-host-case", pod("Contoso.azurecr.io/web:v1", LISTED)),
  finding("not-a-login-server", pod("contoso.azureacr.io/web:v1")),
  finding("misplaced-pull-secrets", pod("contoso.azurecr.io/web:v1", `${LISTED}imagePullSecrets:\n  - name: acr-secret\n`)),
  finding("unresolved-placeholder", pod("contoso.azurecr.io/web:${TAG}", LISTED)),
  finding("unparsable-image", pod("contoso.azurecr.io/Web:v1")),
];
