//! The eleven RPCs. Each says whom it answers, calls operations, and dresses what they return.

use std::sync::Arc;

use keybearer_core::key::KeyKind;
use keybearer_core::permission::OwnPermission;
use keybearer_core::policy::{PermissionSet, PolicyId};
use keybearer_store::{Cascade, What};
use tonic::metadata::MetadataValue;
use tonic::{Request, Response, Status};

use super::v1::catena_api_keys_server::CatenaApiKeys;
use super::v1::{
    AdminCreateApiKeyPolicyRequest, AdminCreateApiKeyPolicyResponse, AdminCreateApiKeyRequest, AdminCreateApiKeyResponse,
    AdminDeleteApiKeyPolicyRequest, AdminDeleteApiKeyPolicyResponse, AdminDeleteApiKeyRequest, AdminDeleteApiKeyResponse,
    AdminGetApiKeyPermissionsRequest, AdminGetApiKeyPermissionsResponse, AdminGetApiKeyPoliciesRequest, AdminGetApiKeyPoliciesResponse,
    AdminGetApiKeysRequest, AdminGetApiKeysResponse, AdminUpdateApiKeyPolicyRequest, AdminUpdateApiKeyPolicyResponse,
    AdminUpdateApiKeyRequest, AdminUpdateApiKeyResponse, GetServiceHealthRequest, GetServiceHealthResponse, TestApiKeyRequest,
    TestApiKeyResponse,
};
use super::{credential, dress};
use crate::app::{App, RequestContext};
use crate::caller::Caller;
use crate::error::AppError;
use crate::ops;
use crate::ops::issue::ServiceKeyRequest;
use crate::ops::key::KeyChange;

/// The service, the same for every carrier. The request brings the credential as metadata, and the [`RequestContext`] as extension.
pub struct Service {
    app: Arc<App>,
}

/// What an administrator asks.
struct Call<T> {
    context: RequestContext,
    caller: Caller,
    message: T,
}

impl Service {
    /// The service of this application.
    #[must_use]
    pub fn new(app: Arc<App>) -> Self {
        Self { app }
    }

    async fn admin<T>(&self, request: Request<T>, needs: OwnPermission) -> Result<Call<T>, Status> {
        let caller = credential::administrator(&self.app, request.metadata().as_ref(), request.extensions().get(), needs).await?;
        let context = request.extensions().get::<RequestContext>().cloned();
        let context = context.ok_or_else(|| AppError::Internal("a request without an id".into()))?;
        Ok(Call { context, caller, message: request.into_inner() })
    }
}

/// Whether a deletion found something; absence is an answer here, not an error.
fn deleted<T>(result: Result<T, AppError>) -> Result<bool, AppError> {
    match result {
        Ok(_) => Ok(true),
        Err(AppError::NotFound(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// The policy that a key is to have. Text that cannot be an id names none.
fn policy_for_key(text: &str) -> Result<PolicyId, AppError> {
    text.parse().map_err(|_| AppError::invalid("/policy_id", "must be the id of a policy"))
}

#[tonic::async_trait]
impl CatenaApiKeys for Service {
    async fn test_api_key(&self, request: Request<TestApiKeyRequest>) -> Result<Response<TestApiKeyResponse>, Status> {
        credential::tested(&self.app, request.metadata().as_ref(), request.extensions().get()).await?;
        Ok(Response::new(TestApiKeyResponse {}))
    }

    async fn admin_get_api_key_permissions(
        &self,
        request: Request<AdminGetApiKeyPermissionsRequest>,
    ) -> Result<Response<AdminGetApiKeyPermissionsResponse>, Status> {
        let Call { caller, .. } = self.admin(request, OwnPermission::PoliciesRead).await?;
        let permissions = ops::permission::list(&self.app, &caller).await?;
        let permissions = permissions.into_iter().filter(|permission| permission.declared).map(dress::permission).collect();
        Ok(Response::new(AdminGetApiKeyPermissionsResponse { permissions }))
    }

    async fn admin_create_api_key_policy(
        &self,
        request: Request<AdminCreateApiKeyPolicyRequest>,
    ) -> Result<Response<AdminCreateApiKeyPolicyResponse>, Status> {
        let Call { context, caller, message: asked } = self.admin(request, OwnPermission::PoliciesWrite).await?;
        let permissions = ops::permission::resolve(&self.app, &asked.permissions).await?;
        let policy = ops::policy::create(&self.app, &context, &caller, &asked.name, permissions).await?;
        Ok(Response::new(AdminCreateApiKeyPolicyResponse { policy: Some(dress::policy(&policy)) }))
    }

    async fn admin_get_api_key_policies(
        &self,
        request: Request<AdminGetApiKeyPoliciesRequest>,
    ) -> Result<Response<AdminGetApiKeyPoliciesResponse>, Status> {
        let Call { caller, .. } = self.admin(request, OwnPermission::PoliciesRead).await?;
        let policies = ops::policy::list(&self.app, &caller).await?.iter().map(dress::policy).collect();
        Ok(Response::new(AdminGetApiKeyPoliciesResponse { policies }))
    }

    async fn admin_update_api_key_policy(
        &self,
        request: Request<AdminUpdateApiKeyPolicyRequest>,
    ) -> Result<Response<AdminUpdateApiKeyPolicyResponse>, Status> {
        let Call { context, caller, message: asked } = self.admin(request, OwnPermission::PoliciesWrite).await?;
        let permissions = match (asked.permissions.as_slice(), asked.clear_permissions) {
            ([], false) => None,
            ([], true) => Some(PermissionSet::default()),
            (names, false) => Some(ops::permission::resolve(&self.app, names).await?),
            (_, true) => return Err(AppError::invalid("/clear_permissions", "excludes permissions").into()),
        };
        let id = asked.id.parse().map_err(|_| AppError::NotFound(What::Policy))?;
        let policy = ops::policy::change(&self.app, &context, &caller, id, asked.name.as_deref(), permissions, None).await?;
        Ok(Response::new(AdminUpdateApiKeyPolicyResponse { policy: Some(dress::policy(&policy)) }))
    }

    async fn admin_delete_api_key_policy(
        &self,
        request: Request<AdminDeleteApiKeyPolicyRequest>,
    ) -> Result<Response<AdminDeleteApiKeyPolicyResponse>, Status> {
        let Call { context, caller, message: asked } = self.admin(request, OwnPermission::PoliciesWrite).await?;
        let policy_deleted = match asked.id.parse() {
            Ok(id) => deleted(ops::policy::delete(&self.app, &context, &caller, id, Cascade::Everything, None).await)?,
            Err(_) => false,
        };
        Ok(Response::new(AdminDeleteApiKeyPolicyResponse { policy_deleted }))
    }

    async fn admin_create_api_key(
        &self,
        request: Request<AdminCreateApiKeyRequest>,
    ) -> Result<Response<AdminCreateApiKeyResponse>, Status> {
        let Call { context, caller, message: asked } = self.admin(request, OwnPermission::KeysWrite).await?;
        let policy = policy_for_key(&asked.policy_id)?;
        let wanted = ServiceKeyRequest { name: &asked.name, policy, lifetime: None, service: None, metadata: None };
        let issued = ops::issue::service_key(&self.app, &context, &caller, wanted).await?;
        let mut response = Response::new(AdminCreateApiKeyResponse { api_key: Some(dress::issued(&self.app, &issued)) });
        // It holds a secret: nothing on the way may keep it.
        response.metadata_mut().insert("cache-control", MetadataValue::from_static("no-store"));
        Ok(response)
    }

    async fn admin_get_api_keys(&self, request: Request<AdminGetApiKeysRequest>) -> Result<Response<AdminGetApiKeysResponse>, Status> {
        let Call { caller, .. } = self.admin(request, OwnPermission::KeysRead).await?;
        let keys = ops::key::all_not_revoked(&self.app, &caller, KeyKind::Service, None).await?;
        let api_keys = keys.iter().map(|key| dress::key(&self.app, key)).collect();
        Ok(Response::new(AdminGetApiKeysResponse { api_keys }))
    }

    async fn admin_update_api_key(
        &self,
        request: Request<AdminUpdateApiKeyRequest>,
    ) -> Result<Response<AdminUpdateApiKeyResponse>, Status> {
        let Call { context, caller, message: asked } = self.admin(request, OwnPermission::KeysWrite).await?;
        let policy = asked.policy_id.as_deref().map(policy_for_key).transpose()?;
        let change = KeyChange { name: asked.name.as_deref(), policy, metadata: None };
        let id = asked.key.parse().map_err(|_| AppError::NotFound(What::Key))?;
        let key = ops::key::change(&self.app, &context, &caller, id, change, true).await?;
        Ok(Response::new(AdminUpdateApiKeyResponse { api_key: Some(dress::key(&self.app, &key)) }))
    }

    async fn admin_delete_api_key(
        &self,
        request: Request<AdminDeleteApiKeyRequest>,
    ) -> Result<Response<AdminDeleteApiKeyResponse>, Status> {
        let Call { context, caller, message: asked } = self.admin(request, OwnPermission::KeysWrite).await?;
        let api_key_deleted = match asked.key.parse() {
            Ok(id) => deleted(ops::key::revoke(&self.app, &context, &caller, id, Some(KeyKind::Service), Cascade::Nothing).await)?,
            Err(_) => false,
        };
        Ok(Response::new(AdminDeleteApiKeyResponse { api_key_deleted }))
    }

    async fn get_service_health(&self, _: Request<GetServiceHealthRequest>) -> Result<Response<GetServiceHealthResponse>, Status> {
        let components = ops::health::components(&self.app).await;
        let healthy = components.iter().all(|component| component.healthy);
        Ok(Response::new(GetServiceHealthResponse { healthy, components: components.into_iter().map(dress::component).collect() }))
    }
}
