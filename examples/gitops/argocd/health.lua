-- Health of every kind of promfleet.dev, by the conditions that kstatus reads:
-- Stalled asks somebody to act, Reconciling goes on by itself, Ready is as declared.
local health = {status = "Progressing", message = "waiting for the operator"}

if obj.metadata.deletionTimestamp ~= nil then
  health.message = "is being deleted"
  return health
end

if obj.spec ~= nil and obj.spec.suspend == true then
  health.status = "Suspended"
  health.message = "spec.suspend is true"
  return health
end

if obj.status == nil or obj.status.conditions == nil then
  return health
end

-- What the status says of an older version says nothing of this one.
local observed = obj.status.observedGeneration
if observed == nil or (obj.metadata.generation ~= nil and observed < obj.metadata.generation) then
  return health
end

local ready = nil
local reconciling = nil
local stalled = nil
for _, condition in ipairs(obj.status.conditions) do
  if condition.type == "Ready" then ready = condition end
  if condition.type == "Reconciling" then reconciling = condition end
  if condition.type == "Stalled" then stalled = condition end
end

if stalled ~= nil and stalled.status == "True" then
  health.status = "Degraded"
  health.message = stalled.message
  return health
end

if reconciling ~= nil and reconciling.status == "True" then
  health.message = reconciling.message
  return health
end

if ready ~= nil then
  health.message = ready.message
  if ready.status == "True" then health.status = "Healthy" end
end
return health
